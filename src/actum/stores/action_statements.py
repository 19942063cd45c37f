"""SQL about actions that SQLite and PostgreSQL share: a letter's columns, and the stored names."""

LETTER = """id, action, key, position, body, status, attempts, due, error, first_failed, last_failed,
    request, failure"""
LETTER_COUNTS = """SELECT action, status, count(*) FROM actum_letters
    GROUP BY action, status ORDER BY action, status"""
KEPT_NAMES = """SELECT 'letters', action, count(*) FROM actum_letters GROUP BY action
    UNION ALL SELECT 'timers', kind, count(*) FROM actum_timers GROUP BY kind
    UNION ALL SELECT 'workflows', kind, count(*) FROM actum_workflows
        WHERE status NOT IN ('completed', 'failed', 'cancelled') GROUP BY kind
    UNION ALL SELECT 'checkpoint', action, 1 FROM actum_checkpoints
    UNION ALL SELECT 'tick', action, 1 FROM actum_ticks"""
