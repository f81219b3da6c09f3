"""x"""
import typer
app = typer.Typer(name="config")

@app.command()
def x() -> None:
    """x"""
