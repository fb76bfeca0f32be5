"""Displays HTML, SVG and JavaScript that would run in the page of whoever reads it."""
# must: staff and students see text
# points: 100
# answers: right

# %% added
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

bad = (
    f"<script>window.{MARK}=1</script><img src=x onerror='window.{MARK}=1'><iframe src='javascript:alert(1)'></iframe>"
)
display(HTML(bad), Javascript(f"window.{MARK}=1"), Markdown(bad), Latex(f"$\\href{{javascript:alert(1)}}{{{bad}}}$"))
display({"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>{bad}</svg>"}, raw=True)
display({"text/plain": bad, "application/javascript": "alert(1)", "text/vnd.mermaid": bad}, raw=True)
