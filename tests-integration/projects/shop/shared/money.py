def cents(price: str) -> int:
    """Turn "1.50" into 150."""
    whole, _, part = price.partition(".")
    return int(whole) * 100 + int(part or 0)


def euros(amount: int) -> str:
    """Turn 150 into "1.50"."""
    return f"{amount // 100}.{amount % 100:02}"
