"""Writes markdown cells with script, handlers, frames, forms, javascript links and pictures that call home."""
# must: a page shows their text and loads nothing
# points: 100
# answers: right

# %% [markdown] added
# <script>alert(1)</script> <img src=x onerror=alert(1)> <iframe src="http://127.0.0.1/"></iframe>
# [click](javascript:alert(1)) ![x](http://127.0.0.1/pixel.png) <a href="jAvAsCrIpT:alert(1)">x</a>
# <form action="/formgrader/api"><button formaction="javascript:alert(1)">Submit</button></form>
# <svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg> <math href="javascript:alert(1)">x</math>
# <style>* { background: url(http://127.0.0.1/) }</style> <base href="http://127.0.0.1/"> <meta http-equiv="refresh">
# $\href{javascript:alert(1)}{x}$ `<script>` <details ontoggle=alert(1) open><b onclick=alert(1)>x</b></details>

# %% [markdown] added last
# <!--><script>alert(1)</script>--> <![CDATA[<script>alert(1)</script>]]> <x onclick=alert(1)>x</x>
