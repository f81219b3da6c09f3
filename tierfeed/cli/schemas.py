"""x"""
import typer
app = typer.Typer(name="schemas")

@app.command()
def x() -> None:
    """x"""
