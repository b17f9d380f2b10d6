"""Beyond one machine: workers that embed, kinds of index, a vector store, memory and costs."""
