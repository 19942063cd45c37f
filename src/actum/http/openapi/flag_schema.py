"""Documents flags: as integers in which a member stands for each bit."""

from enum import Flag
from typing import Any

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition


class FlagSchemas(OpenAPISchemaPlugin):
    """Documents combinations of flags, where Litestar lists only the members."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, Flag)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        members = ", ".join(f"{member.value}: {member.name}" for member in field_definition.annotation)
        return Schema(
            type=OpenAPIType.INTEGER,
            minimum=0,
            title=field_definition.annotation.__name__,
            description=f"A sum of {members}; 0 for none.",
        )
