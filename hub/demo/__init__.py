"""Stories about invented families: read from files, played on the pure core or the whole stack."""
