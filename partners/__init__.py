"""Floor 2: who the partners are and what they own: contracts, outlets, purchases, customers."""
