"""What every database must do: subclass DatabaseConformance, and yield an empty database from its fixture."""

import pytest

from actum.conformance.database.actions import ActionConformance
from actum.conformance.database.decimals import DecimalConformance
from actum.conformance.database.erasing import ErasingConformance
from actum.conformance.database.generations import GenerationConformance
from actum.conformance.database.paging import PagingConformance
from actum.conformance.database.queries import QueryConformance
from actum.conformance.database.queues import QueueConformance
from actum.conformance.database.rows import RowConformance
from actum.conformance.database.searching import SearchConformance
from actum.conformance.database.setting_aside import SettingAsideConformance
from actum.conformance.database.timers import TimerConformance
from actum.conformance.database.workflows import WorkflowConformance
from actum.ports.database import Database


class DatabaseConformance(
    GenerationConformance,
    RowConformance,
    SettingAsideConformance,
    QueryConformance,
    DecimalConformance,
    SearchConformance,
    ActionConformance,
    QueueConformance,
    TimerConformance,
    PagingConformance,
    ErasingConformance,
    WorkflowConformance,
):
    """Every guarantee of `actum.ports.database`, as tests."""

    @pytest.fixture
    def database(self) -> Database:
        """Gives an empty database of the adapter under test, and closes it afterwards."""
        raise NotImplementedError(
            f"{type(self).__name__} has no fixture called database: yield an empty one from it"
        )
