"""x"""
def up() -> None:
    """x"""
def down() -> None:
    """x"""
def status() -> None:
    """x"""
