"""What several tests need: small projects, tiny models, made-up records, and processes of their own."""
