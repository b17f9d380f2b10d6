"""What is needed beyond one machine's memory: compressed indexes, a vector store, budgets."""
