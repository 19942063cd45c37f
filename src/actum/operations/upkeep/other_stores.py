"""How stores are backed up and restored that have their own way to do so, as commands to be run."""

import shlex
from urllib.parse import parse_qsl, urlsplit

from actum.errors import StoreError
from actum.stores.url import shown, split

SQLITE = "sqlite"
POSTGRES = ("postgres", "postgresql")
KEYS_OF_PERSONS = "actum_person_keys"
OURS = ("pool", "pooler", "direct")


class OwnWay(StoreError):
    """A store is backed up and restored by its maker's tools; `steps` are what to do, line by line."""

    def __init__(self, message: str, steps: list[str]) -> None:
        super().__init__(message)
        self.steps: list[str] = steps


def check_is_file(url: str, file: str, *, without_person_keys: bool = False) -> None:
    """Raises StoreError unless a URL names one SQLite file: OwnWay says how other stores are backed up."""
    journal, database = split(url)
    scheme = journal.partition(":")[0]
    if scheme == SQLITE and database is None:
        return
    if scheme == "memory":
        raise StoreError("a store in memory ends with its process: name another store")
    steps: list[str] = []
    if database is not None:
        # A database that has seen more than its journal is refused; one that has seen less catches up.
        steps += [
            "Journal and database are apart. Back up the database first, and then the journal; restore the "
            "journal to a moment after the database's, and the database has seen no more than it holds."
        ]
        steps += [f"The database, {shown(database)}:", *_steps(database, file, without_keys=False)]
        steps += [f"The journal, {shown(journal)}:"]
    steps += _steps(journal, file, without_keys=without_person_keys)
    if database is not None:
        steps += ["If they are not of one moment after that, `actum adopt` binds them again: see its --help."]
    raise OwnWay(
        f"{shown(url)} is backed up and restored by its own tools, as listed above: `actum backup` and "
        "`actum restore` are for stores in one SQLite file",
        steps,
    )


def _steps(url: str, file: str, *, without_keys: bool) -> list[str]:
    scheme = url.partition(":")[0]
    if scheme in POSTGRES:
        return _postgres(url, file, without_keys=without_keys)
    if scheme == "dynamodb":
        return _dynamodb(url)
    if scheme == "durable-objects":
        return _durable_objects()
    if scheme == SQLITE:
        path = shlex.quote(url.removeprefix("sqlite:///"))
        return [
            f"  sqlite3 {path} \"VACUUM INTO '{file}'\"    # also while the application runs",
            f"  cp {shlex.quote(file)} {path}    # to restore, while nothing runs; remove {path}-wal before",
        ]
    raise StoreError(f"{shown(url)!r} names no store that Actum knows")


def _postgres(url: str, file: str, *, without_keys: bool) -> list[str]:
    """Gives the commands of PostgreSQL. A password stays out of them: libpq reads it from ~/.pgpass."""
    parts = urlsplit(url)
    options = [option for option in parse_qsl(parts.query, keep_blank_values=True) if option[0] not in OURS]
    user = parts.username or ""
    place = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    host = dict(options).get("host")
    address = f"postgresql://{f'{user}@' if user else ''}{place}{parts.path}"
    if not place and host:
        address += f"?host={host}"
    schema = _schema_of(dict(options))
    target, quoted = shlex.quote(address), shlex.quote(file)
    dump = f"  pg_dump --format=custom --no-owner{schema} --file={quoted}"
    if without_keys:
        dump += f" --exclude-table-data='*.{KEYS_OF_PERSONS}'"
    return [
        f"{dump} {target}    # one consistent moment, while the application runs",
        f"  pg_restore --file=/dev/null {quoted}    # whether all of the file can be read",
        "  To restore, while nothing runs, an administrator first makes "
        + (
            "the schema anew (DROP SCHEMA … CASCADE; CREATE SCHEMA … AUTHORIZATION …), then:"
            if schema
            else "the database anew (dropdb, createdb --owner=…), then:"
        ),
        f"  pg_restore --no-owner{schema} --single-transaction --dbname={target} {quoted}",
        "  For every moment and not only those of the dumps: continuous archiving (pg_basebackup and "
        "archive_command), or your provider's point-in-time recovery.",
    ]


def _schema_of(options: dict[str, str]) -> str:
    """Gives the option that chooses the schema of a URL with `options=-c search_path=…`."""
    named = options.get("options", "").partition("search_path=")[2].split(",")[0].split()
    name = options.get("search_path") or (named[0] if named else "")
    return f" --schema={shlex.quote(name)}" if name else ""


def _dynamodb(url: str) -> list[str]:
    parts = urlsplit(url)
    table = parts.netloc
    options = dict(parse_qsl(parts.query))
    rest = f" --region {options['region']}" if "region" in options else ""
    rest += f" --endpoint-url {options['endpoint']}" if "endpoint" in options else ""
    return [
        f"  aws dynamodb update-continuous-backups --table-name {table}"
        f" --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true{rest}"
        "    # once: every second of the last 35 days",
        f"  aws dynamodb create-backup --table-name {table} --backup-name {table}-$(date +%F){rest}"
        "    # a backup that stays",
        f"  aws dynamodb restore-table-to-point-in-time --source-table-name {table}"
        f" --target-table-name {table}-restored --use-latest-restorable-time{rest}",
        f"  actum run APP --store 'dynamodb://{table}-restored?…'    # a restored table has a new name",
        "  Keys of persons are items of the same table: a backup of it has them.",
    ]


def _durable_objects() -> list[str]:
    return [
        "  On Cloudflare each object can be taken back to a moment of the last 30 days by its own code "
        "(ctx.storage.getBookmarkForTime and onNextSessionRestoreBookmark); there is no backup of all "
        "objects at one moment.",
        "  Locally: stop `actum durable-objects dev`, and copy its folder.",
    ]
