"""What is needed beyond one machine's memory: compressed indexes, shards, budgets."""
