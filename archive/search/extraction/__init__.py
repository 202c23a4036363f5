"""Text out of documents in worker processes with limits: a hostile file ends its own job, and nothing else."""
