"""x"""
import typer
app = typer.Typer(name="groups")

@app.command()
def x() -> None:
    """x"""
