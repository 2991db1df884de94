import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    import buckaroo

    mo.Html(buckaroo.to_html([{"tree": "ash", "size": 4}, {"tree": "birch", "size": 100}]))
    return


if __name__ == "__main__":
    app.run()
