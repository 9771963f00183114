"""Runs migrations over the connection it is handed: one transaction, all or nothing."""

from alembic import context

from quantum_os.storage.database.schema import SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SCHEMA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
