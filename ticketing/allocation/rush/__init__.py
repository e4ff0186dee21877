"""Mode `redis`: one script for each verb decides in Redis; the stream of its entries carries the rows to PostgreSQL."""
