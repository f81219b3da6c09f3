"""x"""
def sql() -> None:
    """x"""
