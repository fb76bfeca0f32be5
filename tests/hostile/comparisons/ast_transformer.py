"""Installs an IPython transformer that removes every assertion from the cells that run later."""
# must: no cell of the grader runs in the student's process
# points: 0

# %% added
import ast


class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

    def visit_Expr(self, node):
        return ast.Pass() if "assert_" in ast.unparse(node) else node


get_ipython().ast_transformers.append(NoAsserts())
