"""Demo data and packages for benchmarks: letters of two invented firms, made from nothing but a seed. No database."""
