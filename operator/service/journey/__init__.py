"""A year of a real grocer's receipts, told as the receipts of a coalition of eleven partners."""
