"""Value against cost: pure sums over fiscal years. Whole yen in and out; exact decimals between, rounded half up once, at the end."""
