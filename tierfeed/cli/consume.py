"""x"""
def consume() -> None:
    """x"""
