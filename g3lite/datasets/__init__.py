"""Photo sets from everywhere: folders, tables, archives and hubs."""
