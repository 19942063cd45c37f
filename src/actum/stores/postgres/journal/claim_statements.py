"""The table of claims in PostgreSQL, and its statements."""

# A claim's value is only there as a digest. By holder, so that an erasure finds what it releases.
SCHEMA = (
    """CREATE TABLE actum_claims (
        kind text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, digest bytea NOT NULL,
        id text COLLATE "C" NOT NULL, PRIMARY KEY (kind, name, digest))""",
    "CREATE INDEX actum_claims_holder ON actum_claims (kind, id)",
)
# Who takes only free claims shares this lock; who decides about claims that others may hold has it alone, so
# that what it has found out about them stays so until it has written. The store of each schema has its own.
_LOCK = "hashtextextended('actum_claims ' || current_schema(), 0)"
SHARE_CLAIMS = f"pg_advisory_xact_lock_shared({_LOCK})"
HAVE_CLAIMS_ALONE = f"SELECT pg_advisory_xact_lock({_LOCK})"
_CLAIMS = """SELECT c.kind, c.name, c.digest, c.id
    FROM unnest($1::text[], $2::text[], $3::bytea[]) AS g (kind, name, digest), LATERAL (
        SELECT * FROM actum_claims WHERE kind = g.kind AND name = g.name AND digest = g.digest LIMIT 1{lock}
    ) c"""
HOLDERS = _CLAIMS.format(lock="")
# The claims are given in a fixed order, in which they are locked.
LOCK_CLAIMS = _CLAIMS.format(lock=" FOR UPDATE")
FREE_CLAIMS = """DELETE FROM actum_claims WHERE ctid = ANY(ARRAY(
        SELECT c.place FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
            AS g (kind, name, digest, id), LATERAL (
            SELECT ctid AS place FROM actum_claims
            WHERE kind = g.kind AND name = g.name AND digest = g.digest AND id = g.id LIMIT 1
        ) c))"""
TAKE_CLAIMS = """WITH taken AS (
        INSERT INTO actum_claims (kind, name, digest, id)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) FROM taken"""
REMOVE_CLAIMS = "DELETE FROM actum_claims WHERE kind = $1 AND id = $2"
