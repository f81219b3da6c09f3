"""x"""
import typer
app = typer.Typer(name="topics")

@app.command()
def x() -> None:
    """x"""
