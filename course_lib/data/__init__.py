"""Image sets that need no network: scikit-learn's digits and photos, and glyphs drawn on demand."""

from course_lib.data.embedded import Digits, digits, photos
from course_lib.data.glyph_drawing import CLASS_NAMES, TYPEFACES, Glyphs, glyphs
from course_lib.data.splitting import Split, split

__all__ = ["CLASS_NAMES", "TYPEFACES", "Digits", "Glyphs", "Split", "digits", "glyphs", "photos", "split"]
