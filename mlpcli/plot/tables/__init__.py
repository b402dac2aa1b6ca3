"""Pictures of tables: learning curves, what was varied, and what `record` measured."""
