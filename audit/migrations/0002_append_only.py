"""Triggers that refuse every change of an audit row, and its removal while no gate is open (audit/gate.py)."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE_UP = (
    """create trigger audit_event_no_update before update on audit_auditevent
    begin select raise(abort, 'audit events are append-only'); end""",
    """create trigger audit_event_no_delete before delete on audit_auditevent
    when not exists (select 1 from audit_auditgate)
    begin select raise(abort, 'audit events are append-only'); end""",
    """create trigger audit_detail_no_update before update on audit_auditdetail
    begin select raise(abort, 'audit details are only erased, never changed'); end""",
)
SQLITE_DOWN = (
    "drop trigger audit_event_no_update",
    "drop trigger audit_event_no_delete",
    "drop trigger audit_detail_no_update",
)
POSTGRESQL_UP = """
create function audit_refuse_update() returns trigger language plpgsql as $$
begin raise exception 'audit events are append-only'; end $$;
create function audit_refuse_removal() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from audit_auditgate where transaction = txid_current()) then
        raise exception 'audit events are append-only';
    end if;
    return coalesce(old, new);
end $$;
create trigger audit_event_no_update before update on audit_auditevent for each row execute function audit_refuse_update();
create trigger audit_detail_no_update before update on audit_auditdetail for each row execute function audit_refuse_update();
create trigger audit_event_no_delete before delete on audit_auditevent for each row execute function audit_refuse_removal();
create trigger audit_event_no_truncate before truncate on audit_auditevent
for each statement execute function audit_refuse_removal();
"""
POSTGRESQL_DOWN = """
drop trigger audit_event_no_update on audit_auditevent; drop trigger audit_detail_no_update on audit_auditdetail;
drop trigger audit_event_no_delete on audit_auditevent; drop trigger audit_event_no_truncate on audit_auditevent;
drop function audit_refuse_update(); drop function audit_refuse_removal();
"""


def run(editor: BaseDatabaseSchemaEditor, sqlite: tuple[str, ...], postgresql: str) -> None:
    statements = (postgresql,) if editor.connection.vendor == "postgresql" else sqlite
    for statement in statements:
        editor.execute(statement, params=None)


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    run(editor, SQLITE_UP, POSTGRESQL_UP)


def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    run(editor, SQLITE_DOWN, POSTGRESQL_DOWN)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
