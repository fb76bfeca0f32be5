"""Mistakes that students make in `pooling`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed
test, the first one is named: so of those that raise the same error, the one that raises it least often leads.
"""

from autograder.answers import wrong

MAX_FORWARD = [
    wrong(
        "max_pool_forward_naive",
        "starts_from_zero",
        hint="A window of negative pixels gets the maximum 0, which is not among them. What value can a "
        "search for a maximum start from, so that it never wins by itself?",
        edits={"window.max()": "max(0.0, window.max())"},
    ),
    wrong(
        "max_pool_forward_naive",
        "output_transposed",
        hint="Your output is transposed: it has its height where its width should be. Images are (N, C, H, W).",
        edits={"return out, cache": "return out.swapaxes(2, 3), cache"},
    ),
    wrong(
        "max_pool_forward_naive",
        "channels_put_last",
        hint="Your output has its channels last. The axes keep their order: (N, C, H_out, W_out).",
        edits={"return out, cache": "return out.transpose(0, 2, 3, 1), cache"},
    ),
    wrong(
        "max_pool_forward_naive",
        "height_and_width_swapped",
        hint="You read width before height from the shape of x. Images are (N, C, H, W): check the order in "
        "which you unpack it.",
        edits={
            "num_images, channels, height, width = x.shape": "num_images, channels, width, height = x.shape",
            "window.max()": "window.max(initial=-np.inf)",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "window_height_and_width_swapped",
        hint="Your window lies on its side: its height is used as its width. Which key of pool_param counts rows?",
        edits={"pool_height, pool_width = pool_param": "pool_width, pool_height = pool_param"},
    ),
    wrong(
        "max_pool_forward_naive",
        "square_window_assumed",
        hint="You take the window to be square: its width need not be its height.",
        edits={"left : left + pool_width": "left : left + pool_height"},
    ),
    wrong(
        "max_pool_forward_naive",
        "output_width_from_height",
        hint="You compute the width of the output from the height of the image.",
        edits={
            "conv_output_size(width, pool_width": "conv_output_size(height, pool_width",
            "window.max()": "window.max(initial=-np.inf)",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "stride_taken_as_window_size",
        hint="Your windows are as large as the stride. The stride is the way from one window to the next; how "
        "large a window is, pool_height and pool_width say.",
        edits={
            "top : top + pool_height, left : left + pool_width": "top : top + stride, left : left + stride",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "moves_by_the_window",
        hint="Your windows move by their own size, side by side. They move by the stride, and may overlap or "
        "leave gaps.",
        edits={
            "conv_output_size(height, pool_height, stride)": "conv_output_size(height, pool_height, pool_height)",
            "conv_output_size(width, pool_width, stride)": "conv_output_size(width, pool_width, pool_width)",
            "top, left = i * stride, j * stride": "top, left = i * pool_height, j * pool_width",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "stride_ignored",
        hint="The output has the right size, but its windows are neighbours: from one output pixel to the next "
        "the window moves by `stride`.",
        edits={"top, left = i * stride, j * stride": "top, left = i, j"},
    ),
    wrong(
        "max_pool_forward_naive",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={"top, left = i * stride, j * stride": "top, left = i * stride, j"},
    ),
    wrong(
        "max_pool_forward_naive",
        "stride_hard_coded",
        hint="Your stride is 2 whatever pool_param['stride'] says.",
        edits={'stride = pool_param["stride"]': "stride = 2"},
    ),
    wrong(
        "max_pool_forward_naive",
        "window_hard_coded",
        hint="Your window is 2x2 whatever pool_param says.",
        edits={
            'pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]': (
                "pool_height = pool_width = 2"
            )
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "rounds_up",
        hint="Your output is one too large where the stride does not divide: a window that would hang over the "
        "end of the image does not count.",
        edits={
            "conv_output_size(height, pool_height, stride)": "-(-(height - pool_height) // stride) + 1",
            "conv_output_size(width, pool_width, stride)": "-(-(width - pool_width) // stride) + 1",
            "window.max()": "window.max(initial=-np.inf)",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "last_position_forgotten",
        hint="Your output is one too small both ways. The division counts the steps from the first window to "
        "the last; how many windows are there where there are no steps at all?",
        edits={
            "conv_output_size(height, pool_height, stride)": "conv_output_size(height, pool_height, stride) - 1",
            "conv_output_size(width, pool_width, stride)": "conv_output_size(width, pool_width, stride) - 1",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "size_is_image_over_stride",
        hint="You take the size of the output to be the image divided by the stride. That holds only where the "
        "window is as large as the stride and divides the image: windows must lie inside it.",
        edits={
            "conv_output_size(height, pool_height, stride)": "height // stride",
            "conv_output_size(width, pool_width, stride)": "width // stride",
            "window.max()": "window.max(initial=-np.inf)",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "loops_over_the_image",
        hint="You place windows over the whole image in steps of the stride, so that the last ones lie outside "
        "`out`. How many windows there are is the size of the output.",
        edits={
            "for i in range(h_out):": "for i in range(-(-height // stride)):",
            "for j in range(w_out):": "for j in range(-(-width // stride)):",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "maximum_over_channels",
        hint="Your maximum runs over the channels too. Each channel is pooled by itself.",
        edits={"window = x[n, c, top": "window = x[n, :, top"},
    ),
    wrong(
        "max_pool_forward_naive",
        "maximum_over_images",
        hint="Your maximum runs over the batch too. Each image is pooled by itself.",
        edits={"window = x[n, c, top": "window = x[:, c, top"},
    ),
    wrong(
        "max_pool_forward_naive",
        "first_image_only",
        hint="Every image of the batch gets the output of the first.",
        edits={"window = x[n, c, top": "window = x[0, c, top"},
    ),
    wrong(
        "max_pool_forward_naive",
        "first_channel_only",
        hint="Every channel gets the output of the first.",
        edits={"window = x[n, c, top": "window = x[n, 0, top"},
    ),
    wrong(
        "max_pool_forward_naive",
        "average_instead",
        hint="You average over the window; this exercise asks for the largest value.",
        edits={"window.max()": "window.mean()"},
    ),
    wrong(
        "max_pool_forward_naive",
        "minimum_instead",
        hint="You keep the smallest value of each window.",
        edits={"window.max()": "window.min()"},
    ),
    wrong(
        "max_pool_forward_naive",
        "largest_absolute_value",
        hint="You compare absolute values, so that -3 wins against 2. The maximum knows signs.",
        edits={"window.max()": "np.abs(window).max()"},
    ),
    wrong(
        "max_pool_forward_naive",
        "maximum_not_reset",
        hint="Your largest value is carried from one window into the next: where does the search start anew?",
        edits={
            "for n in range(num_images):": "largest = -np.inf\n    for n in range(num_images):",
            "out[n, c, i, j] = window.max()": (
                "largest = max(largest, window.max())\n                    out[n, c, i, j] = largest"
            ),
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "first_row_of_the_window_only",
        hint="Only the first row of each window counts: the maximum is taken over one axis of two.",
        edits={"window.max()": "window[0].max()"},
    ),
    wrong(
        "max_pool_forward_naive",
        "window_one_too_small",
        hint="Your windows lack their last row and column: the end of a slice does not belong to it.",
        edits={
            "top : top + pool_height, left : left + pool_width": (
                "top : top + max(1, pool_height - 1), left : left + max(1, pool_width - 1)"
            ),
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "window_one_too_large",
        hint="Your windows have a row and a column too many: the end of a slice does not belong to it, so "
        "nothing needs to be added.",
        edits={
            "top : top + pool_height, left : left + pool_width": (
                "top : top + pool_height + 1, left : left + pool_width + 1"
            ),
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "output_of_ints",
        hint="Your output loses what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={"w_out), dtype=x.dtype)": "w_out), dtype=int)"},
    ),
    wrong(
        "max_pool_forward_naive",
        "modifies_x",
        hint="You write into the window, which is a view: it is a part of x itself, and windows that overlap it "
        "see the changed pixels. Which of your operations work in place?",
        edits={
            "out[n, c, i, j] = window.max()": (
                "window *= window == window.max()\n                    out[n, c, i, j] = window.sum()"
            ),
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "cache_not_returned",
        hint="You return the output alone. A forward pass returns two values: the output and the cache for the "
        "backward pass.",
        edits={"return out, cache": "return out"},
    ),
    wrong(
        "max_pool_forward_naive",
        "no_error",
        hint="A window larger than the image fits nowhere. You return an empty output; the contract asks for a "
        "ValueError.",
        edits={
            "conv_output_size(height, pool_height, stride)": "max(0, (height - pool_height) // stride + 1)",
            "conv_output_size(width, pool_width, stride)": "max(0, (width - pool_width) // stride + 1)",
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "asserts_instead_of_raising",
        hint="You use `assert` to refuse the input, which raises an AssertionError (and nothing at all when "
        "Python runs with -O). The contract asks for a ValueError.",
        edits={
            "h_out = conv_output_size(height, pool_height, stride)": (
                "assert height >= pool_height and width >= pool_width\n"
                "    h_out = conv_output_size(height, pool_height, stride)"
            ),
        },
    ),
    wrong(
        "max_pool_forward_naive",
        "exact_fit_refused",
        hint="A window exactly as large as the image has one place to stand; you refuse it.",
        edits={
            "h_out = conv_output_size(height, pool_height, stride)": (
                "if pool_height >= height or pool_width >= width:\n"
                '        raise ValueError("too large")\n'
                "    h_out = conv_output_size(height, pool_height, stride)"
            ),
        },
    ),
]

WINDOW = "top : top + pool_height, left : left + pool_width"
GIVEN_BACK = "dx[n, c, top + row, left + column] += dout[n, c, i, j]"
MASKED = "part = dx[n, c, top : top + pool_height, left : left + pool_width]\n                    "

MAX_BACKWARD = [
    wrong(
        "max_pool_backward_naive",
        "overwritten_where_windows_overlap",
        hint="Where windows overlap, a pixel may be the maximum of several of them and gets a gradient from each. "
        "You keep only the last: look at the assignment to dx.",
        edits={"left + column] += dout": "left + column] = dout"},
    ),
    wrong(
        "max_pool_backward_naive",
        "gradient_to_all_ties",
        hint="Where several pixels of a window are equal to its maximum, each of them gets the whole gradient in "
        "your answer. One window has one gradient to give: the contract says which pixel it goes to.",
        edits={GIVEN_BACK: MASKED + "part += (window == window.max()) * dout[n, c, i, j]"},
    ),
    wrong(
        "max_pool_backward_naive",
        "gradient_to_the_last_tie",
        hint="Of several equal maxima your gradient goes to the last. The contract asks for the first in "
        "row-major order.",
        edits={"window.argmax(), window.shape": "window.size - 1 - window.ravel()[::-1].argmax(), window.shape"},
    ),
    wrong(
        "max_pool_backward_naive",
        "gradient_shared_among_ties",
        hint="You share the gradient among equal maxima. That is one of several subgradients; the contract asks "
        "for the whole of it at the first in row-major order.",
        edits={
            GIVEN_BACK: MASKED
            + "mask = window == window.max()\n                    part += mask / mask.sum() * dout[n, c, i, j]"
        },
    ),
    wrong(
        "max_pool_backward_naive",
        "first_tie_column_by_column",
        hint="Of several equal maxima you take the first column by column. Row-major order goes through the "
        "window row by row.",
        edits={
            "row, column = np.unravel_index(window.argmax(), window.shape)": (
                "column, row = np.unravel_index(window.T.argmax(), window.T.shape)"
            )
        },
    ),
    wrong(
        "max_pool_backward_naive",
        "gradient_to_the_whole_window",
        hint="Every pixel of the window gets the gradient. Only one of them made the output: the others could be "
        "moved a little and nothing would change.",
        edits={GIVEN_BACK: MASKED + "part += dout[n, c, i, j]"},
    ),
    wrong(
        "max_pool_backward_naive",
        "gradient_of_the_average",
        hint="You share the gradient evenly over the window, as average pooling would. Which pixel does the "
        "maximum depend on?",
        edits={GIVEN_BACK: MASKED + "part += dout[n, c, i, j] / window.size"},
    ),
    wrong(
        "max_pool_backward_naive",
        "argmax_decoded_with_the_height",
        hint="argmax counts through the window row by row: to get back the row and the column it must be divided "
        "by the length of a row. You divide by the other side of the window.",
        edits={"np.unravel_index(window.argmax(), window.shape)": "divmod(window.argmax(), pool_height)"},
    ),
    wrong(
        "max_pool_backward_naive",
        "row_and_column_swapped",
        hint="The row and the column of the maximum are exchanged.",
        edits={"row, column = np.unravel_index": "column, row = np.unravel_index"},
    ),
    wrong(
        "max_pool_backward_naive",
        "place_of_the_window_forgotten",
        hint="The place of the maximum is counted from the corner of its window, but you use it as a place in "
        "the image: all gradients end in its top left corner.",
        edits={"dx[n, c, top + row, left + column]": "dx[n, c, row, column]"},
    ),
    wrong(
        "max_pool_backward_naive",
        "upstream_left_out",
        hint="dx does not use dout: by the chain rule each maximum counts as much as the loss cares for its output.",
        edits={"+= dout[n, c, i, j]": "+= 1"},
    ),
    wrong(
        "max_pool_backward_naive",
        "multiplied_by_the_pixel",
        hint="You multiply the gradient by the maximum itself. The derivative of the maximum with respect to the "
        "pixel that it is, is 1.",
        edits={"+= dout[n, c, i, j]": "+= dout[n, c, i, j] * window.max()"},
    ),
    wrong(
        "max_pool_backward_naive",
        "negative_maxima_ignored",
        hint="A window whose maximum is negative gives no gradient in your answer. Pooling is no ReLU.",
        edits={"+= dout[n, c, i, j]": "+= dout[n, c, i, j] * (window.max() > 0)"},
    ),
    wrong(
        "max_pool_backward_naive",
        "stride_ignored",
        hint="The backward pass ignores the stride: the gradient of output pixel (i, j) must go to the very window "
        "that the forward pass read for it.",
        edits={"top, left = i * stride, j * stride": "top, left = i, j"},
    ),
    wrong(
        "max_pool_backward_naive",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={"top, left = i * stride, j * stride": "top, left = i * stride, j"},
    ),
    wrong(
        "max_pool_backward_naive",
        "stride_taken_as_window_size",
        hint="The windows of your backward pass are as large as the stride. How large a window is, pool_height "
        "and pool_width say.",
        edits={WINDOW: "top : top + stride, left : left + stride"},
    ),
    wrong(
        "max_pool_backward_naive",
        "moves_by_the_window",
        hint="The windows of your backward pass move by their own size. They move by the stride, and may overlap "
        "or leave gaps.",
        edits={
            "top, left = i * stride, j * stride": (
                "top, left = i * pool_height, j * pool_width\n"
                "                    if top >= x.shape[2] or left >= x.shape[3]:\n"
                "                        continue"
            )
        },
    ),
    wrong(
        "max_pool_backward_naive",
        "square_window_assumed",
        hint="You take the window to be square: its width need not be its height.",
        edits={"left : left + pool_width": "left : left + pool_height"},
    ),
    wrong(
        "max_pool_backward_naive",
        "window_height_and_width_swapped",
        hint="The window of your backward pass lies on its side: its height is used as its width.",
        edits={"pool_height, pool_width = pool_param": "pool_width, pool_height = pool_param"},
    ),
    wrong(
        "max_pool_backward_naive",
        "maximum_of_the_whole_image",
        hint="You look for the maximum in the whole image, where each window has its own.",
        edits={
            f"window = x[n, c, {WINDOW}]": "window = x[n, c]",
            "dx[n, c, top + row, left + column]": "dx[n, c, row, column]",
        },
    ),
    wrong(
        "max_pool_backward_naive",
        "minimum_instead",
        hint="Your gradient goes to the smallest pixel of each window.",
        edits={"window.argmax()": "window.argmin()"},
    ),
    wrong(
        "max_pool_backward_naive",
        "largest_absolute_value",
        hint="Your gradient goes to the pixel with the largest absolute value: in a window of negative pixels "
        "that is the smallest.",
        edits={"window.argmax()": "np.abs(window).argmax()"},
    ),
    wrong(
        "max_pool_backward_naive",
        "maxima_of_the_first_channel",
        hint="You look up the maxima of the first channel for all channels. Each channel has its own.",
        edits={"window = x[n, c, top": "window = x[n, 0, top"},
    ),
    wrong(
        "max_pool_backward_naive",
        "maxima_of_the_first_image",
        hint="You look up the maxima of the first image for the whole batch. Each image has its own.",
        edits={"window = x[n, c, top": "window = x[0, c, top"},
    ),
    wrong(
        "max_pool_backward_naive",
        "first_image_only",
        hint="Only the first image of the batch gets a gradient.",
        edits={"for n in range(num_images):": "for n in range(1):"},
    ),
    wrong(
        "max_pool_backward_naive",
        "first_channel_only",
        hint="Only the first channel gets a gradient.",
        edits={"for c in range(channels):": "for c in range(1):"},
    ),
    wrong(
        "max_pool_backward_naive",
        "last_position_left_out",
        hint="The last row and column of dout are never used: look at the ends of your loops.",
        edits={
            "for i in range(h_out):": "for i in range(h_out - 1):",
            "for j in range(w_out):": "for j in range(w_out - 1):",
        },
    ),
    wrong(
        "max_pool_backward_naive",
        "output_width_from_height",
        hint="Your loop over the columns of dout runs to its height.",
        edits={"for j in range(w_out):": "for j in range(min(h_out, w_out)):"},
    ),
    wrong(
        "max_pool_backward_naive",
        "averaged_over_batch",
        hint="dx is divided by the number of images. The loss already holds any division; gradients are passed on.",
        edits={"+= dout[n, c, i, j]": "+= dout[n, c, i, j] / num_images"},
    ),
    wrong(
        "max_pool_backward_naive",
        "averaged_over_the_window",
        hint="dx is divided by the size of the window. That belongs to average pooling.",
        edits={"+= dout[n, c, i, j]": "+= dout[n, c, i, j] / window.size"},
    ),
    wrong(
        "max_pool_backward_naive",
        "dx_starts_from_x",
        hint="Your dx contains x itself: the gradient must start from zeros.",
        edits={"dx = np.zeros(x.shape, dtype=dout.dtype)": "dx = x.copy()"},
    ),
    wrong(
        "max_pool_backward_naive",
        "dx_as_large_as_dout",
        hint="Your dx has the shape of dout. A gradient has the shape of what it belongs to: x.",
        edits={"dx = np.zeros(x.shape, dtype=dout.dtype)": "dx = np.zeros_like(dout)"},
    ),
    wrong(
        "max_pool_backward_naive",
        "dx_of_ints",
        hint="Your dx loses what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={"dx = np.zeros(x.shape, dtype=dout.dtype)": "dx = np.zeros(x.shape, dtype=int)"},
    ),
    wrong(
        "max_pool_backward_naive",
        "dx_transposed",
        hint="Your dx is transposed: it has its height where its width should be.",
        edits={"return dx": "return dx.swapaxes(2, 3)"},
    ),
    wrong(
        "max_pool_backward_naive",
        "changes_the_cache",
        hint="You write into the window, and so into the x that the cache holds: windows that overlap it, and a "
        "second backward pass, find other pixels there.",
        edits={GIVEN_BACK: GIVEN_BACK + "\n                    window[row, column] = -np.inf"},
    ),
]

AREA = "(pool_height * pool_width)"

AVG_FORWARD = [
    wrong(
        "avg_pool_forward",
        "not_divided",
        hint="You sum over the window; the average is that divided by how many pixels it has.",
        edits={f" / {AREA}": ""},
    ),
    wrong(
        "avg_pool_forward",
        "divided_by_the_pixels_inside",
        hint="At the border your average is too large: you divide by how many pixels of the window lie on the "
        "image. Here the zeros of the padding count too.",
        edits={
            f"windows.sum(axis=(2, 3)) / {AREA}": (
                "windows.sum(axis=(2, 3))\n"
                "            inside = np.pad(np.ones((height, width)), pad)\n"
                "            inside = inside[top : top + pool_height, left : left + pool_width]\n"
                "            out[:, :, i, j] /= max(1, inside.sum())"
            )
        },
    ),
    wrong(
        "avg_pool_forward",
        "divided_by_the_squared_height",
        hint="You divide by the square of the window's height. How many pixels has a window of 2x3?",
        edits={AREA: "pool_height**2"},
    ),
    wrong(
        "avg_pool_forward",
        "divided_by_one_side",
        hint="You divide by the height of the window alone, as if it had one column.",
        edits={AREA: "pool_height"},
    ),
    wrong(
        "avg_pool_forward",
        "divided_by_the_stride",
        hint="You divide by the square of the stride. It says how far apart windows lie, not how large they are.",
        edits={AREA: "stride**2"},
    ),
    wrong(
        "avg_pool_forward",
        "divided_by_the_number_of_windows",
        hint="You divide by the number of windows. What is averaged are the pixels of one window.",
        edits={AREA: "(h_out * w_out)"},
    ),
    wrong(
        "avg_pool_forward",
        "maximum_instead",
        hint="You keep the largest value of each window; this exercise asks for the mean.",
        edits={f"windows.sum(axis=(2, 3)) / {AREA}": "windows.max(axis=(2, 3))"},
    ),
    wrong(
        "avg_pool_forward",
        "averaged_over_channels",
        hint="Your mean runs over the channels too. Each channel is pooled by itself.",
        edits={f"windows.sum(axis=(2, 3)) / {AREA}": "windows.mean(axis=(1, 2, 3), keepdims=True)[:, :, 0, 0]"},
    ),
    wrong(
        "avg_pool_forward",
        "averaged_over_images",
        hint="Your mean runs over the batch too. Each image is pooled by itself.",
        edits={f"windows.sum(axis=(2, 3)) / {AREA}": "windows.mean(axis=(0, 2, 3))"},
    ),
    wrong(
        "avg_pool_forward",
        "output_transposed",
        hint="Your output is transposed: it has its height where its width should be. Images are (N, C, H, W).",
        edits={"return out, cache": "return out.swapaxes(2, 3), cache"},
    ),
    wrong(
        "avg_pool_forward",
        "height_and_width_swapped",
        hint="You read width before height from the shape of x. Images are (N, C, H, W): check the order in "
        "which you unpack it.",
        edits={"num_images, channels, height, width = x.shape": "num_images, channels, width, height = x.shape"},
    ),
    wrong(
        "avg_pool_forward",
        "window_height_and_width_swapped",
        hint="Your window lies on its side: its height is used as its width. Which key of pool_param counts rows?",
        edits={"pool_height, pool_width = pool_param": "pool_width, pool_height = pool_param"},
    ),
    wrong(
        "avg_pool_forward",
        "square_window_assumed",
        hint="You take the window to be square: its width need not be its height.",
        edits={"left : left + pool_width": "left : left + pool_height"},
    ),
    wrong(
        "avg_pool_forward",
        "output_width_from_height",
        hint="You compute the width of the output from the height of the image.",
        edits={"conv_output_size(width, pool_width": "conv_output_size(height, pool_width"},
    ),
    wrong(
        "avg_pool_forward",
        "stride_taken_as_window_size",
        hint="Your windows are as large as the stride. The stride is the way from one window to the next; how "
        "large a window is, pool_height and pool_width say.",
        edits={
            "top : top + pool_height, left : left + pool_width]": "top : top + stride, left : left + stride]",
            f"windows.sum(axis=(2, 3)) / {AREA}": "windows.mean(axis=(2, 3))",
        },
    ),
    wrong(
        "avg_pool_forward",
        "moves_by_the_window",
        hint="Your windows move by their own size, side by side. They move by the stride, and may overlap or "
        "leave gaps.",
        edits={
            "conv_output_size(height, pool_height, stride, pad)": "(height + 2 * pad) // pool_height",
            "conv_output_size(width, pool_width, stride, pad)": "(width + 2 * pad) // pool_width",
            "top, left = i * stride, j * stride": "top, left = i * pool_height, j * pool_width",
        },
    ),
    wrong(
        "avg_pool_forward",
        "stride_ignored",
        hint="The output has the right size, but its windows are neighbours: from one output pixel to the next "
        "the window moves by `stride`.",
        edits={"top, left = i * stride, j * stride": "top, left = i, j"},
    ),
    wrong(
        "avg_pool_forward",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={"top, left = i * stride, j * stride": "top, left = i * stride, j"},
    ),
    wrong(
        "avg_pool_forward",
        "rounds_up",
        hint="Your output is one too large where the stride does not divide: a window that would hang over the "
        "end of the image does not count, and its average would be of too few pixels.",
        edits={
            "conv_output_size(height, pool_height, stride, pad)": (
                "-(-(height + 2 * pad - pool_height) // stride) + 1"
            ),
            "conv_output_size(width, pool_width, stride, pad)": "-(-(width + 2 * pad - pool_width) // stride) + 1",
        },
    ),
    wrong(
        "avg_pool_forward",
        "last_position_forgotten",
        hint="Your output is one too small both ways. The division counts the steps from the first window to "
        "the last; how many windows are there where there are no steps at all?",
        edits={
            "conv_output_size(height, pool_height, stride, pad)": (
                "conv_output_size(height, pool_height, stride, pad) - 1"
            ),
            "conv_output_size(width, pool_width, stride, pad)": (
                "conv_output_size(width, pool_width, stride, pad) - 1"
            ),
        },
    ),
    wrong(
        "avg_pool_forward",
        "pad_ignored",
        hint="The image is not padded: look at pool_param['pad'].",
        edits={'pool_param.get("pad", 0)': "0"},
    ),
    wrong(
        "avg_pool_forward",
        "pad_required",
        hint="You look up pool_param['pad'] where it may be missing. Without it there is no padding.",
        edits={'pool_param.get("pad", 0)': 'pool_param["pad"]'},
    ),
    wrong(
        "avg_pool_forward",
        "pads_at_the_end_only",
        hint="All your zeros lie below and to the right of the image. `pad` goes on every side.",
        edits={"((0, 0), (0, 0), (pad, pad), (pad, pad))": "((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad))"},
    ),
    wrong(
        "avg_pool_forward",
        "pads_with_edge_values",
        hint="You continue the image with copies of its border. The padding here is made of zeros.",
        edits={"(pad, pad), (pad, pad)))": '(pad, pad), (pad, pad)), mode="edge")'},
    ),
    wrong(
        "avg_pool_forward",
        "compared_before_padding",
        hint="You refuse a window that is larger than the image itself. With padding it may fit: what does the "
        "contract compare it with?",
        edits={
            "h_out = conv_output_size(height,": (
                "if pool_height > height or pool_width > width:\n"
                '        raise ValueError("too large")\n'
                "    h_out = conv_output_size(height,"
            )
        },
    ),
    wrong(
        "avg_pool_forward",
        "output_of_ints",
        hint="Your output loses what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={"w_out), dtype=x.dtype)": "w_out), dtype=int)"},
    ),
    wrong(
        "avg_pool_forward",
        "whole_number_division",
        hint="You divide by //, which rounds down to a whole number also where floats are divided.",
        edits={f" / {AREA}": f" // {AREA}"},
    ),
    wrong(
        "avg_pool_forward",
        "modifies_x",
        hint="You divide the window in place. It is a view: without padding it is a part of x itself, and "
        "windows that overlap it see the changed pixels.",
        edits={
            "x_padded = np.pad(x,": "x_padded = x if pad == 0 else np.pad(x,",
            f"out[:, :, i, j] = windows.sum(axis=(2, 3)) / {AREA}": (
                f"windows /= {AREA}\n            out[:, :, i, j] = windows.sum(axis=(2, 3))"
            ),
        },
    ),
    wrong(
        "avg_pool_forward",
        "no_error",
        hint="A window larger than the padded image fits nowhere. You return an empty output; the contract asks "
        "for a ValueError.",
        edits={
            "conv_output_size(height, pool_height, stride, pad)": (
                "max(0, (height + 2 * pad - pool_height) // stride + 1)"
            ),
            "conv_output_size(width, pool_width, stride, pad)": (
                "max(0, (width + 2 * pad - pool_width) // stride + 1)"
            ),
        },
    ),
    wrong(
        "avg_pool_forward",
        "cache_not_returned",
        hint="You return the output alone. A forward pass returns two values: the output and the cache for the "
        "backward pass.",
        edits={"return out, cache": "return out"},
    ),
]

ROWS = "slice(i * stride, i * stride + pool_height)"
COLUMNS = "slice(j * stride, j * stride + pool_width)"
CROP = "[:, :, pad : pad + height, pad : pad + width]"

AVG_BACKWARD = [
    wrong(
        "avg_pool_backward",
        "overwritten_where_windows_overlap",
        hint="Where windows overlap, a pixel gets a share of its gradient from each of them. You keep only the "
        "last share: look at the assignment to dx.",
        edits={"dx_padded[:, :, rows, columns] +=": "dx_padded[:, :, rows, columns] ="},
    ),
    wrong(
        "avg_pool_backward",
        "not_divided",
        hint="Every pixel of a window gets the whole gradient. In the average each of them counts only its part.",
        edits={f"dout / {AREA}": "dout"},
    ),
    wrong(
        "avg_pool_backward",
        "divided_by_the_pixels_inside",
        hint="At the border you divide by how many pixels of the window lie on the image. The forward pass "
        "divided by the size of the whole window there too.",
        edits={
            f"share = dout / {AREA}": "share = dout",
            "dx_padded[:, :, rows, columns] +=": (
                "on_image = np.pad(np.ones((height, width)), pad)[rows, columns].sum()\n"
                "            dx_padded[:, :, rows, columns] += (1 / max(1, on_image)) *"
            ),
        },
    ),
    wrong(
        "avg_pool_backward",
        "divided_by_the_squared_height",
        hint="You divide by the square of the window's height. How many pixels has a window of 2x3?",
        edits={AREA: "pool_height**2"},
    ),
    wrong(
        "avg_pool_backward",
        "divided_by_the_stride",
        hint="You divide by the square of the stride. It says how far apart windows lie, not how large they are.",
        edits={AREA: "stride**2"},
    ),
    wrong(
        "avg_pool_backward",
        "divided_by_the_number_of_windows",
        hint="You divide by the number of windows. What was averaged are the pixels of one window.",
        edits={AREA: "(h_out * w_out)"},
    ),
    wrong(
        "avg_pool_backward",
        "averaged_over_batch",
        hint="dx is divided by the number of images too. The loss already holds any such division.",
        edits={AREA: "(pool_height * pool_width * num_images)"},
    ),
    wrong(
        "avg_pool_backward",
        "upstream_left_out",
        hint="dx does not use the values of dout: by the chain rule each window counts as much as the loss cares "
        "for its output.",
        edits={"share = dout /": "share = np.ones_like(dout) /"},
    ),
    wrong(
        "avg_pool_backward",
        "gradient_to_one_pixel",
        hint="Only the first pixel of each window gets a gradient. All of them were averaged.",
        edits={
            f"share = dout / {AREA}": "share = dout",
            ROWS: "slice(i * stride, i * stride + 1)",
            COLUMNS: "slice(j * stride, j * stride + 1)",
        },
    ),
    wrong(
        "avg_pool_backward",
        "stride_ignored",
        hint="The backward pass ignores the stride: the gradient of output pixel (i, j) must go to the very window "
        "that the forward pass read for it.",
        edits={ROWS: "slice(i, i + pool_height)", COLUMNS: "slice(j, j + pool_width)"},
    ),
    wrong(
        "avg_pool_backward",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={COLUMNS: "slice(j, j + pool_width)"},
    ),
    wrong(
        "avg_pool_backward",
        "stride_taken_as_window_size",
        hint="The windows of your backward pass are as large as the stride. How large a window is, pool_height "
        "and pool_width say.",
        edits={ROWS: "slice(i * stride, i * stride + stride)", COLUMNS: "slice(j * stride, j * stride + stride)"},
    ),
    wrong(
        "avg_pool_backward",
        "moves_by_the_window",
        hint="The windows of your backward pass move by their own size. They move by the stride, and may overlap "
        "or leave gaps.",
        edits={
            ROWS: "slice(i * pool_height, (i + 1) * pool_height)",
            COLUMNS: "slice(j * pool_width, (j + 1) * pool_width)",
        },
    ),
    wrong(
        "avg_pool_backward",
        "square_window_assumed",
        hint="You take the window to be square: its width need not be its height.",
        edits={COLUMNS: "slice(j * stride, j * stride + pool_height)"},
    ),
    wrong(
        "avg_pool_backward",
        "window_height_and_width_swapped",
        hint="The window of your backward pass lies on its side: its height is used as its width.",
        edits={"pool_height, pool_width = pool_param": "pool_width, pool_height = pool_param"},
    ),
    wrong(
        "avg_pool_backward",
        "height_and_width_swapped",
        hint="Your dx has its height where its width should be: check the order in which you unpack the shape of x.",
        edits={"num_images, channels, height, width = x_shape": "num_images, channels, width, height = x_shape"},
    ),
    wrong(
        "avg_pool_backward",
        "padding_not_cropped",
        hint="Your dx still has the padding around it. The zeros are not part of x: dx has the shape of x.",
        edits={f"dx_padded{CROP}": "dx_padded"},
    ),
    wrong(
        "avg_pool_backward",
        "crop_is_empty_without_padding",
        hint="With pad = 0 the slice [pad:-pad] is [0:0], which is empty. Say where the image ends in another way.",
        edits={CROP: "[:, :, pad:-pad, pad:-pad]"},
    ),
    wrong(
        "avg_pool_backward",
        "cropped_at_the_wrong_end",
        hint="Your dx has the right shape but is shifted: it starts in the padding, and the image begins `pad` rows "
        "and columns further in.",
        edits={CROP: "[:, :, :height, :width]"},
    ),
    wrong(
        "avg_pool_backward",
        "pad_required",
        hint="You look up pool_param['pad'] where it may be missing. Without it there is no padding.",
        edits={'pool_param.get("pad", 0)': 'pool_param["pad"]'},
    ),
    wrong(
        "avg_pool_backward",
        "last_position_left_out",
        hint="The last row and column of dout are never used: look at the ends of your loops.",
        edits={
            "for i in range(h_out):": "for i in range(h_out - 1):",
            "for j in range(w_out):": "for j in range(w_out - 1):",
        },
    ),
    wrong(
        "avg_pool_backward",
        "output_width_from_height",
        hint="Your loop over the columns of dout runs to its height.",
        edits={"for j in range(w_out):": "for j in range(min(h_out, w_out)):"},
    ),
    wrong(
        "avg_pool_backward",
        "first_image_only",
        hint="Only the first image of the batch gets a gradient.",
        edits={"dx_padded[:, :, rows, columns] += share[:, :, i": "dx_padded[:1, :, rows, columns] += share[:1, :, i"},
    ),
    wrong(
        "avg_pool_backward",
        "dx_of_ints",
        hint="Your dx loses what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={
            "width + 2 * pad), dtype=dout.dtype)": "width + 2 * pad), dtype=int)",
            "+= share[:, :, i : i + 1, j : j + 1]": "+= share[:, :, i : i + 1, j : j + 1].astype(int)",
        },
    ),
]

GLOBAL_FORWARD = [
    wrong(
        "global_avg_pool_forward",
        "keeps_the_axes",
        hint="The values are right, but averaged axes are still there with size 1: out is (N, C). Look at keepdims.",
        edits={"axis=(2, 3)": "axis=(2, 3), keepdims=True"},
    ),
    wrong(
        "global_avg_pool_forward",
        "one_number_per_image",
        hint="Your average runs over the channels too. Every channel keeps a number of its own.",
        edits={"axis=(2, 3)": "axis=(1, 2, 3)"},
    ),
    wrong(
        "global_avg_pool_forward",
        "one_number_per_channel",
        hint="Your average runs over the batch too. Every image keeps numbers of its own.",
        edits={"axis=(2, 3)": "axis=(0, 2, 3)"},
    ),
    wrong(
        "global_avg_pool_forward",
        "one_number_for_all",
        hint="You average everything into one number. Which axes of (N, C, H, W) are to stay?",
        edits={"x.mean(axis=(2, 3))": "x.mean()"},
    ),
    wrong(
        "global_avg_pool_forward",
        "columns_stay",
        hint="You average over the rows alone; the columns are still there.",
        edits={"axis=(2, 3)": "axis=2"},
    ),
    wrong(
        "global_avg_pool_forward",
        "channels_last_assumed",
        hint="You average over axes 1 and 2, as if the channels came last. Images are (N, C, H, W).",
        edits={"axis=(2, 3)": "axis=(1, 2)"},
    ),
    wrong(
        "global_avg_pool_forward",
        "sum_instead",
        hint="You sum over the image; the average is that divided by how many pixels there are.",
        edits={"x.mean(axis=(2, 3))": "x.sum(axis=(2, 3))"},
    ),
    wrong(
        "global_avg_pool_forward",
        "square_image_assumed",
        hint="You divide by the square of the height. How many pixels has an image of 5x7?",
        edits={"x.mean(axis=(2, 3))": "x.sum(axis=(2, 3)) / x.shape[2] ** 2"},
    ),
    wrong(
        "global_avg_pool_forward",
        "divided_by_one_side",
        hint="You divide by the height alone. How many pixels has an image of 5x7?",
        edits={"x.mean(axis=(2, 3))": "x.sum(axis=(2, 3)) / x.shape[2]"},
    ),
    wrong(
        "global_avg_pool_forward",
        "maximum_instead",
        hint="You keep the largest pixel of each channel; this exercise asks for the mean.",
        edits={"x.mean(axis=(2, 3))": "x.max(axis=(2, 3))"},
    ),
    wrong(
        "global_avg_pool_forward",
        "channels_before_images",
        hint="Your result is (C, N). The batch stays the first axis.",
        edits={"x.mean(axis=(2, 3))": "x.mean(axis=(2, 3)).T"},
    ),
    wrong(
        "global_avg_pool_forward",
        "axes_of_one_squeezed_away",
        hint="With one image or one channel an axis is missing from your result: look at squeeze.",
        edits={"x.mean(axis=(2, 3))": "x.mean(axis=(2, 3)).squeeze()"},
    ),
    wrong(
        "global_avg_pool_forward",
        "modifies_x",
        hint="You divide x itself in place, and the caller's array with it.",
        edits={
            "out = x.mean(axis=(2, 3))": "x /= x.shape[2] * x.shape[3]\n    out = x.sum(axis=(2, 3))",
        },
    ),
    wrong(
        "global_avg_pool_forward",
        "cache_not_returned",
        hint="You return the output alone. A forward pass returns two values: the output and the cache for the "
        "backward pass.",
        edits={"return out, cache": "return out"},
    ),
]

GLOBAL_BACKWARD = [
    wrong(
        "global_avg_pool_backward",
        "not_divided",
        hint="Every pixel gets the whole gradient. In the average each of them counts only its part.",
        edits={"share = dout / (height * width)": "share = dout"},
    ),
    wrong(
        "global_avg_pool_backward",
        "divided_by_one_side",
        hint="You divide by the height alone. How many pixels were averaged?",
        edits={"(height * width)": "height"},
    ),
    wrong(
        "global_avg_pool_backward",
        "square_image_assumed",
        hint="You divide by the square of the height. How many pixels has an image of 5x7?",
        edits={"(height * width)": "height**2"},
    ),
    wrong(
        "global_avg_pool_backward",
        "divided_by_the_channels_too",
        hint="You divide by the number of channels too. Each channel was averaged by itself.",
        edits={"(height * width)": "(channels * height * width)"},
    ),
    wrong(
        "global_avg_pool_backward",
        "averaged_over_batch",
        hint="You divide by the number of images too. The loss already holds any such division.",
        edits={"(height * width)": "(num_images * height * width)"},
    ),
    wrong(
        "global_avg_pool_backward",
        "not_spread_over_the_image",
        hint="Your dx has one number for each channel. Every pixel of the image gets its share: dx has the shape of x.",
        edits={"return dx": "return share[:, :, np.newaxis, np.newaxis]"},
    ),
    wrong(
        "global_avg_pool_backward",
        "gradient_to_one_pixel",
        hint="Only the first pixel of each channel gets a gradient. All of them were averaged.",
        edits={"dx += share[:, :, np.newaxis, np.newaxis]": "dx[:, :, 0, 0] += dout"},
    ),
    wrong(
        "global_avg_pool_backward",
        "height_and_width_swapped",
        hint="Your dx has its height where its width should be: check the order in which you unpack the shape of x.",
        edits={"num_images, channels, height, width = cache": "num_images, channels, width, height = cache"},
    ),
    wrong(
        "global_avg_pool_backward",
        "upstream_left_out",
        hint="dx does not use the values of dout: by the chain rule each channel counts as much as the loss cares "
        "for its average.",
        edits={"share = dout /": "share = np.ones_like(dout) /"},
    ),
    wrong(
        "global_avg_pool_backward",
        "starts_from_ones",
        hint="Every entry of your dx is too large by one: the gradient must start from zeros.",
        edits={"dx = np.zeros(": "dx = np.ones("},
    ),
    wrong(
        "global_avg_pool_backward",
        "gradients_of_the_first_image",
        hint="Every image gets the gradient of the first.",
        edits={"dx += share[:, :,": "dx += share[:1, :,"},
    ),
    wrong(
        "global_avg_pool_backward",
        "gradients_summed_over_channels",
        hint="Every channel gets the sum of all channels' gradients. Each channel has its own.",
        edits={"dx += share[:, :,": "dx += share.sum(axis=1, keepdims=True)[:, :,"},
    ),
    wrong(
        "global_avg_pool_backward",
        "gradients_averaged_over_batch",
        hint="Every image gets the mean of all images' gradients. Each image has its own.",
        edits={"dx += share[:, :,": "dx += share.mean(axis=0, keepdims=True)[:, :,"},
    ),
]

FAST_HEIGHT = "conv_output_size(height, pool_height, stride_height, pad_height)"
FAST_WIDTH = "conv_output_size(width, pool_width, stride_width, pad_width)"
FAST_MAXIMUM = "out = np.maximum(out, x_padded[:, :, rows, columns])"

FAST = [
    wrong(
        "max_pool_fast",
        "pads_with_zeros",
        hint="At the border of an image that is negative your maximum is 0: the padding wins. What must the "
        "padding hold so that it never does?",
        edits={"np.pad(x, border, constant_values=-np.inf)": "np.pad(x, border)"},
    ),
    wrong(
        "max_pool_fast",
        "pads_with_a_finite_number",
        hint="Your padding holds a large negative number, but the pixels can be smaller still. Which float is "
        "smaller than all others?",
        edits={"constant_values=-np.inf": "constant_values=-1000.0"},
    ),
    wrong(
        "max_pool_fast",
        "starts_from_zero",
        hint="A window of negative pixels gets the maximum 0, with padding and without: look at what your search "
        "for the maximum starts from.",
        edits={"-np.inf, dtype=x.dtype)": "0.0, dtype=x.dtype)"},
    ),
    wrong(
        "max_pool_fast",
        "pad_ignored",
        hint="The image is not padded: look at the argument `pad`.",
        edits={'pair(pad, "pad", minimum=0)': "(0, 0)"},
    ),
    wrong(
        "max_pool_fast",
        "pad_hard_coded",
        hint="You pad by 1 whatever `pad` says.",
        edits={'pair(pad, "pad", minimum=0)': "(1, 1)"},
    ),
    wrong(
        "max_pool_fast",
        "pads_at_the_end_only",
        hint="All your padding lies below and to the right of the image. `pad` goes on every side.",
        edits={
            "(pad_height, pad_height), (pad_width, pad_width))": "(0, 2 * pad_height), (0, 2 * pad_width))",
        },
    ),
    wrong(
        "max_pool_fast",
        "padding_height_and_width_swapped",
        hint="You pad the rows by what belongs to the columns: a pair is (vertical, horizontal), and np.pad takes "
        "the axes in their order.",
        edits={
            "(pad_height, pad_height), (pad_width, pad_width))": "(pad_width, pad_width), (pad_height, pad_height))",
        },
    ),
    wrong(
        "max_pool_fast",
        "window_height_and_width_swapped",
        hint="Your window lies on its side: a pair is (vertical, horizontal).",
        edits={"pool_height, pool_width = pair": "pool_width, pool_height = pair"},
    ),
    wrong(
        "max_pool_fast",
        "stride_height_and_width_swapped",
        hint="Your strides are exchanged: a pair is (vertical, horizontal).",
        edits={"stride_height, stride_width = pair": "stride_width, stride_height = pair"},
    ),
    wrong(
        "max_pool_fast",
        "pairs_not_accepted",
        hint="size, stride and pad may each be an int or a pair (vertical, horizontal); yours computes with them "
        "as if they were always ints.",
        edits={
            'pool_height, pool_width = pair(size, "size")': "pool_height = pool_width = size + 0",
            'stride_height, stride_width = pair(stride, "stride")': "stride_height = stride_width = stride + 0",
            'pad_height, pad_width = pair(pad, "pad", minimum=0)': "pad_height = pad_width = pad + 0",
        },
    ),
    wrong(
        "max_pool_fast",
        "height_and_width_swapped",
        hint="You read width before height from the shape of x. Images are (N, C, H, W).",
        edits={
            "num_images, channels, height, width = x.shape": "num_images, channels, width, height = x.shape",
        },
    ),
    wrong(
        "max_pool_fast",
        "output_transposed",
        hint="Your output is transposed: it has its height where its width should be. Images are (N, C, H, W).",
        edits={"return out": "return out.swapaxes(2, 3)"},
    ),
    wrong(
        "max_pool_fast",
        "channels_put_last",
        hint="Your output has its channels last. The axes keep their order: (N, C, H_out, W_out).",
        edits={"return out": "return out.transpose(0, 2, 3, 1)"},
    ),
    wrong(
        "max_pool_fast",
        "stride_taken_as_window_size",
        hint="Your windows are as large as the stride. The stride is the way from one window to the next; how "
        "large a window is, `size` says.",
        edits={
            "for i in range(pool_height):": "for i in range(min(stride_height, pool_height)):",
            "for j in range(pool_width):": "for j in range(min(stride_width, pool_width)):",
        },
    ),
    wrong(
        "max_pool_fast",
        "windows_always_side_by_side",
        hint="You cut the image into blocks of the size of the window. That is right only where the stride is that "
        "size; windows may overlap or leave gaps.",
        edits={
            'pair(stride, "stride")': "pool_height, pool_width",
        },
    ),
    wrong(
        "max_pool_fast",
        "stride_ignored",
        hint="The output has the right size, but its windows are neighbours: from one output pixel to the next "
        "the window moves by the stride.",
        edits={
            "slice(i, i + stride_height * h_out, stride_height)": "slice(i, i + h_out)",
            "slice(j, j + stride_width * w_out, stride_width)": "slice(j, j + w_out)",
        },
    ),
    wrong(
        "max_pool_fast",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={"slice(j, j + stride_width * w_out, stride_width)": "slice(j, j + w_out)"},
    ),
    wrong(
        "max_pool_fast",
        "window_one_too_small",
        hint="Your windows lack their last row and column: look at the ends of your loops.",
        edits={
            "for i in range(pool_height):": "for i in range(max(1, pool_height - 1)):",
            "for j in range(pool_width):": "for j in range(max(1, pool_width - 1)):",
        },
    ),
    wrong(
        "max_pool_fast",
        "rounds_up",
        hint="Your output is one too large where the stride does not divide: a window that would hang over the "
        "end of the padded image does not count.",
        edits={
            FAST_HEIGHT: "-(-(height + 2 * pad_height - pool_height) // stride_height) + 1",
            FAST_WIDTH: "-(-(width + 2 * pad_width - pool_width) // stride_width) + 1",
            "x_padded = np.pad(x, border, constant_values=-np.inf)": (
                "x_padded = np.pad(x, border, constant_values=-np.inf)\n"
                "    beyond = ((0, 0), (0, 0), (0, stride_height), (0, stride_width))\n"
                "    x_padded = np.pad(x_padded, beyond, constant_values=-np.inf)"
            ),
        },
    ),
    wrong(
        "max_pool_fast",
        "last_position_forgotten",
        hint="Your output is one too small both ways. The division counts the steps from the first window to "
        "the last; how many windows are there where there are no steps at all?",
        edits={FAST_HEIGHT: FAST_HEIGHT + " - 1", FAST_WIDTH: FAST_WIDTH + " - 1"},
    ),
    wrong(
        "max_pool_fast",
        "minimum_instead",
        hint="You keep the smallest value of each window.",
        edits={
            "constant_values=-np.inf": "constant_values=np.inf",
            "-np.inf, dtype=x.dtype)": "np.inf, dtype=x.dtype)",
            "np.maximum(": "np.minimum(",
        },
    ),
    wrong(
        "max_pool_fast",
        "maximum_over_channels",
        hint="Your maximum runs over the channels too. Each channel is pooled by itself.",
        edits={"x_padded[:, :, rows, columns])": "x_padded[:, :, rows, columns].max(axis=1, keepdims=True))"},
    ),
    wrong(
        "max_pool_fast",
        "modifies_x",
        hint="Without padding your result is a view of x, and the maxima are written into x itself. Start from an "
        "array of your own.",
        edits={
            "x_padded = np.pad(x, border, constant_values=-np.inf)": (
                "x_padded = np.pad(x, border, constant_values=-np.inf) if any(map(any, border)) else x"
            ),
            FAST_MAXIMUM: (
                "out = x_padded[:, :, rows, columns] if i == j == 0 else out\n"
                "            np.maximum(out, x_padded[:, :, rows, columns].copy(), out=out)"
            ),
        },
    ),
    wrong(
        "max_pool_fast",
        "loop_over_images",
        hint="Your result is right, but a Python loop goes through the images one by one. Slices can take the whole "
        "batch at once.",
        edits={
            FAST_MAXIMUM: (
                "for n in range(num_images):\n"
                "                out[n] = np.maximum(out[n], x_padded[n, :, rows, columns])"
            )
        },
    ),
    wrong(
        "max_pool_fast",
        "loop_over_channels",
        hint="Your result is right, but a Python loop goes through the channels one by one. Slices can take all of "
        "them at once.",
        edits={
            FAST_MAXIMUM: (
                "for c in range(channels):\n"
                "                out[:, c] = np.maximum(out[:, c], x_padded[:, c, rows, columns])"
            )
        },
    ),
    wrong(
        "max_pool_fast",
        "loop_over_output_pixels",
        hint="Your result is right, but a Python loop goes through the pixels of the output, and there are many "
        "thousands of them in a real one. Through what could you loop instead, that is small?",
        edits={
            "for i in range(pool_height):\n        rows = slice(i, i + stride_height * h_out, stride_height)": (
                "for i in range(h_out):\n        rows = slice(i * stride_height, i * stride_height + pool_height)"
            ),
            "for j in range(pool_width):\n            columns = slice(j, j + stride_width * w_out, stride_width)": (
                "for j in range(w_out):\n            columns = slice(j * stride_width, j * stride_width + pool_width)"
            ),
            FAST_MAXIMUM: "out[:, :, i, j] = x_padded[:, :, rows, columns].max(axis=(2, 3))",
        },
    ),
    wrong(
        "max_pool_fast",
        "loop_over_everything",
        hint="Your result is right, but you loop through images, channels and pixels alike, as the naive version "
        "does. Here whole arrays are to be compared at once.",
        edits={
            FAST_MAXIMUM: (
                "for where in np.ndindex(num_images, channels, h_out, w_out):\n"
                "                n, c, row, column = where\n"
                "                pixel = x_padded[n, c, row * stride_height + i, column * stride_width + j]\n"
                "                out[where] = max(out[where], pixel)"
            ),
            "rows = slice(i, i + stride_height * h_out, stride_height)": "pass",
            "columns = slice(j, j + stride_width * w_out, stride_width)": "pass",
        },
    ),
    wrong(
        "max_pool_fast",
        "cache_returned_too",
        hint="You return a cache as well. This function returns the output alone.",
        edits={"return out": "return out, x"},
    ),
    wrong(
        "max_pool_fast",
        "no_error",
        hint="A window larger than the padded image fits nowhere. You return an empty output; the contract asks "
        "for a ValueError.",
        edits={
            FAST_HEIGHT: "max(0, (height + 2 * pad_height - pool_height) // stride_height + 1)",
            FAST_WIDTH: "max(0, (width + 2 * pad_width - pool_width) // stride_width + 1)",
        },
    ),
]

UNPOOL = [
    wrong(
        "max_unpool",
        "switches_counted_inside_the_window",
        hint="Your switches say where the maximum stands in its window. They are to say where it stands in the "
        "whole map: add the place of the window.",
        edits={"switches = rows * width + columns": "switches = inside_row * pool_width + inside_column"},
    ),
    wrong(
        "max_unpool",
        "switches_in_rows_of_the_output",
        hint="You multiply the row by the width of the output. The switch counts through the map that was pooled: "
        "how long is one of its rows?",
        edits={"rows * width + columns": "rows * w_out + columns"},
    ),
    wrong(
        "max_unpool",
        "switches_in_rows_as_long_as_the_height",
        hint="You multiply the row by the height of the map. How many pixels stand in one row?",
        edits={"rows * width + columns": "rows * height + columns"},
    ),
    wrong(
        "max_unpool",
        "switches_column_by_column",
        hint="Your switches count through the map column by column; row-major order goes row by row.",
        edits={"rows * width + columns": "columns * height + rows"},
    ),
    wrong(
        "max_unpool",
        "switches_count_from_one",
        hint="All your switches are too large by one: the first pixel has the number 0.",
        edits={"rows * width + columns": "rows * width + columns + 1"},
    ),
    wrong(
        "max_unpool",
        "switches_count_through_the_batch",
        hint="Your switches count on from one map to the next. Each map begins at 0 again.",
        edits={
            "switches = rows * width + columns": (
                "maps = np.arange(num_images * channels).reshape(num_images, channels, 1, 1)\n"
                "    switches = maps * height * width + rows * width + columns"
            )
        },
    ),
    wrong(
        "max_unpool",
        "switches_are_coordinates",
        hint="Your switches are a row and a column each. One number is asked for, row * W + column.",
        edits={"switches = rows * width + columns": "switches = np.stack(np.broadcast_arrays(rows, columns), axis=-1)"},
    ),
    wrong(
        "max_unpool",
        "argmax_decoded_with_the_height",
        hint="argmax counts through the window row by row: to get back the row and the column it must be divided "
        "by the length of a row. You divide by the other side of the window.",
        edits={"windows.argmax(axis=4), pool_width)": "windows.argmax(axis=4), pool_height)"},
    ),
    wrong(
        "max_unpool",
        "switches_move_by_the_window",
        hint="Your switches place the windows side by side. Windows begin at multiples of the stride.",
        edits={
            "np.arange(h_out)[:, np.newaxis] * stride_height": "np.arange(h_out)[:, np.newaxis] * pool_height",
            "np.arange(w_out) * stride_width": "np.arange(w_out) * pool_width",
        },
    ),
    wrong(
        "max_unpool",
        "switches_move_by_one",
        hint="Your switches place the windows one pixel apart. Windows begin at multiples of the stride.",
        edits={
            "np.arange(h_out)[:, np.newaxis] * stride_height": "np.arange(h_out)[:, np.newaxis]",
            "np.arange(w_out) * stride_width": "np.arange(w_out)",
        },
    ),
    wrong(
        "max_unpool",
        "switches_of_the_last_tie",
        hint="Of several equal maxima your switch is that of the last. The contract asks for the first in "
        "row-major order.",
        edits={
            "np.divmod(windows.argmax(axis=4), pool_width)": (
                "np.divmod(windows.shape[4] - 1 - windows[..., ::-1].argmax(axis=4), pool_width)"
            )
        },
    ),
    wrong(
        "max_unpool",
        "switches_as_floats",
        hint="Your switches are floats, which no array takes as indices: look at the dtype of what you fill.",
        edits={"switches = rows * width + columns": "switches = 1.0 * rows * width + columns"},
    ),
    wrong(
        "max_unpool",
        "switches_of_the_first_channel",
        hint="All channels get the switches of the first. Each channel has maxima of its own.",
        edits={
            "switches = rows * width + columns": (
                "switches = np.repeat((rows * width + columns)[:, :1], channels, axis=1)"
            )
        },
    ),
    wrong(
        "max_unpool",
        "pooling_ignores_the_stride",
        hint="The windows that you pool are one pixel apart, whatever the stride.",
        edits={
            "windows = windows[:, :, ::stride_height, ::stride_width]": "windows = windows[:, :, :h_out, :w_out]",
            "np.arange(h_out)[:, np.newaxis] * stride_height": "np.arange(h_out)[:, np.newaxis] * 1",
            "np.arange(w_out) * stride_width": "np.arange(w_out) * 1",
        },
    ),
    wrong(
        "max_unpool",
        "order_swapped",
        hint="You return the switches before the maxima.",
        edits={"return out, switches": "return switches, out"},
    ),
    wrong(
        "max_unpool",
        "pairs_not_accepted",
        hint="size and stride may each be an int or a pair (vertical, horizontal); yours computes with them as if "
        "they were always ints.",
        edits={
            'pool_height, pool_width = pair(size, "size")': "pool_height = pool_width = size + 0",
            'stride_height, stride_width = pair(stride, "stride")': "stride_height = stride_width = stride + 0",
        },
    ),
    wrong(
        "max_unpool",
        "shared_maxima_added_up",
        hint="Where windows share a maximum your map holds a multiple of it: values are written to their place, "
        "not added.",
        edits={
            "np.put_along_axis(maps, flat_switches, flat_values, axis=2)": (
                "for n, c in np.ndindex(num_images, channels):\n"
                "        np.add.at(maps[n, c], flat_switches[n, c], flat_values[n, c])"
            )
        },
    ),
    wrong(
        "max_unpool",
        "everything_into_the_first_map",
        hint="All values land in the first map of the first image. A switch counts inside its own map: which map "
        "that is, the place of the value says.",
        edits={
            "np.put_along_axis(maps, flat_switches, flat_values, axis=2)": (
                "maps.reshape(-1)[flat_switches.reshape(-1)] = flat_values.reshape(-1)"
            )
        },
    ),
    wrong(
        "max_unpool",
        "same_places_in_every_map",
        hint="All maps are filled at the switches of the first. Each map has switches of its own.",
        edits={
            "np.put_along_axis(maps, flat_switches, flat_values, axis=2)": (
                "maps[:, :, flat_switches[0, 0]] = flat_values"
            )
        },
    ),
    wrong(
        "max_unpool",
        "map_height_and_width_swapped",
        hint="Your maps are as high as they should be wide: out_shape is (N, C, H, W).",
        edits={
            "return maps.reshape(out_shape)": "return maps.reshape(num_images, channels, width, height)",
        },
    ),
    wrong(
        "max_unpool",
        "maps_left_flat",
        hint="Your maps are still one long row each: the result has the shape out_shape.",
        edits={"return maps.reshape(out_shape)": "return maps"},
    ),
    wrong(
        "max_unpool",
        "maps_of_ints",
        hint="Your maps lose what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={"height * width), dtype=y.dtype)": "height * width), dtype=int)"},
    ),
    wrong(
        "max_unpool",
        "filled_with_ones",
        hint="Where no maximum was, your maps hold 1. Those pixels are zeros.",
        edits={"maps = np.zeros(": "maps = np.ones("},
    ),
    wrong(
        "max_unpool",
        "changes_the_switches",
        hint="Your max_unpool writes into the array of switches that it was given. Compute with a copy.",
        edits={
            "flat_switches = switches.reshape(num_images, channels, -1)": (
                "flat_switches = switches.reshape(num_images, channels, -1)\n"
                "    flat_switches += np.arange(channels)[:, np.newaxis] * height * width"
            ),
            "np.put_along_axis(maps, flat_switches, flat_values, axis=2)": (
                "for n in range(num_images):\n"
                "        maps[n].reshape(-1)[flat_switches[n].reshape(-1)] = flat_values[n].reshape(-1)"
            ),
        },
    ),
]

SPREAD = "dwindows.scatter_(2, winners.unsqueeze(2), dout.reshape(num_images, channels, 1, num_places))"
FUNCTION_CROP = "[:, :, pad_height : pad_height + height, pad_width : pad_width + width]"
KEEP_WINDOWS = {
    "ctx.save_for_backward(winners)": "ctx.save_for_backward(winners, windows, out)",
    "(winners,) = ctx.saved_tensors": "winners, windows, out = ctx.saved_tensors",
}

FUNCTION = [
    wrong(
        "MaxPool2dFunction",
        "pads_with_zeros",
        hint="At the border of an image that is negative your maximum is 0: the padding wins. What must the "
        "padding hold so that it never does? (F.unfold's own padding is zeros too.)",
        edits={"F.pad(x, border, value=-torch.inf)": "F.pad(x, border)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "padding_ignored",
        hint="The image is not padded: look at the argument `padding`.",
        edits={'pair(padding, "padding", minimum=0)': "0, 0"},
    ),
    wrong(
        "MaxPool2dFunction",
        "padding_height_and_width_swapped",
        hint="You pad the rows by what belongs to the columns. F.pad counts from the last axis: first the columns, "
        "then the rows.",
        edits={
            "border = (pad_width, pad_width, pad_height, pad_height)": (
                "border = (pad_height, pad_height, pad_width, pad_width)"
            )
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "stride_taken_as_kernel_size",
        hint="Your windows move by their own size. They move by the stride, and may overlap or leave gaps.",
        edits={'pair(stride, "stride")': "pair(kernel_size, 'kernel_size')"},
    ),
    wrong(
        "MaxPool2dFunction",
        "stride_height_and_width_swapped",
        hint="Your strides are exchanged: a pair is (vertical, horizontal).",
        edits={'pair(stride, "stride")': 'pair(stride, "stride")[::-1]'},
    ),
    wrong(
        "MaxPool2dFunction",
        "kernel_height_and_width_swapped",
        hint="Your window lies on its side: a pair is (vertical, horizontal).",
        edits={'pair(kernel_size, "kernel_size")': 'pair(kernel_size, "kernel_size")[::-1]'},
    ),
    wrong(
        "MaxPool2dFunction",
        "pairs_not_accepted",
        hint="kernel_size, stride and padding may each be an int or a pair (vertical, horizontal); yours computes "
        "with them as if they were always ints.",
        edits={
            'kernel_size, stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")': (
                "kernel_size, stride = (kernel_size + 0,) * 2, (stride + 0,) * 2"
            ),
            'pad_height, pad_width = pair(padding, "padding", minimum=0)': "pad_height = pad_width = padding + 0",
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "channels_mixed_with_the_window",
        hint="You take apart the middle axis of unfold's result in the wrong order: its channels come first, then "
        "the pixels of the window. Yours compares pixels of different channels.",
        edits={
            "windows.unflatten(1, (channels, -1))": "windows.unflatten(1, (-1, channels)).transpose(1, 2)",
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "maximum_over_channels",
        hint="Your maximum runs over the channels too. Each channel is pooled by itself.",
        edits={"windows.max(dim=2)": "windows.amax(dim=1, keepdim=True).expand_as(windows).max(dim=2)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "minimum_instead",
        hint="You keep the smallest value of each window.",
        edits={
            "windows.max(dim=2)": "windows.min(dim=2)",
            "value=-torch.inf": "value=torch.inf",
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "average_instead",
        hint="You average over the window; this exercise asks for the largest value.",
        edits={
            "out, winners = windows.max(dim=2)  # each (N, C, L)": (
                "out, winners = windows.mean(dim=2), windows.argmax(dim=2)"
            )
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "output_height_and_width_swapped",
        hint="You lay out the windows in an output that has its height where its width should be.",
        edits={
            "return out.reshape(num_images, channels, h_out, w_out)": (
                "return out.reshape(num_images, channels, w_out, h_out)"
            )
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "overwritten_where_windows_overlap",
        hint="Where windows overlap, a pixel may be the maximum of several of them and gets a gradient from each. "
        "You keep only one: gradients are added up.",
        edits={
            "dx_padded = F.fold(dwindows.flatten(1, 2), padded_size, kernel_size, stride=stride)": (
                "numbers = torch.arange(1.0 * padded_size[0] * padded_size[1]).reshape(1, 1, *padded_size)\n"
                "        places = F.unfold(numbers, kernel_size, stride=stride).long().expand_as(dwindows[:, 0])\n"
                "        dx_padded = dout.new_zeros(num_images, channels, padded_size[0] * padded_size[1])\n"
                "        for place in range(num_places):\n"
                "            tap = winners[:, :, place : place + 1]\n"
                "            index = places[:, None, :, place].expand(-1, channels, -1).gather(2, tap)\n"
                "            dx_padded.scatter_(2, index, dwindows[:, :, :, place].gather(2, tap))\n"
                "        dx_padded = dx_padded.reshape(num_images, channels, *padded_size)"
            )
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "gradient_to_all_ties",
        hint="Where several pixels of a window are equal to its maximum, each of them gets the whole gradient in "
        "your answer. One window has one gradient to give: the contract says which pixel it goes to.",
        edits={
            **KEEP_WINDOWS,
            SPREAD: "dwindows += (windows == out.unsqueeze(2)) * dout.reshape(num_images, channels, 1, num_places)",
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "gradient_shared_among_ties",
        hint="You share the gradient among equal maxima, as torch.amax does. The contract asks for the whole of it at "
        "the first in row-major order.",
        edits={
            **KEEP_WINDOWS,
            SPREAD: (
                "mask = windows == out.unsqueeze(2)\n"
                "        shares = dout.reshape(num_images, channels, 1, num_places) / mask.sum(dim=2, keepdim=True)\n"
                "        dwindows += mask * shares"
            ),
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "gradient_to_the_last_tie",
        hint="Of several equal maxima your gradient goes to the last. The contract asks for the first in "
        "row-major order.",
        edits={
            "out, winners = windows.max(dim=2)  # each (N, C, L)": (
                "out, winners = windows.flip(2).max(dim=2)\n        winners = windows.shape[2] - 1 - winners"
            )
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "gradient_to_the_whole_window",
        hint="Every pixel of the window gets the gradient. Only one of them made the output.",
        edits={SPREAD: "dwindows += dout.reshape(num_images, channels, 1, num_places)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "upstream_left_out",
        hint="dx does not use dout: by the chain rule each maximum counts as much as the loss cares for its output.",
        edits={SPREAD: "dwindows.scatter_(2, winners.unsqueeze(2), 1)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "multiplied_by_the_pixel",
        hint="You multiply the gradient by the maximum itself. The derivative of the maximum with respect to the "
        "pixel that it is, is 1.",
        edits={
            **KEEP_WINDOWS,
            SPREAD: (
                "dout = dout.reshape(num_images, channels, 1, num_places) * out.unsqueeze(2)\n"
                "        dwindows.scatter_(2, winners.unsqueeze(2), dout)"
            ),
        },
    ),
    wrong(
        "MaxPool2dFunction",
        "padding_not_cropped",
        hint="Your dx still has the padding around it. The padding is not part of x: dx has the shape of x.",
        edits={f"dx_padded{FUNCTION_CROP}": "dx_padded"},
    ),
    wrong(
        "MaxPool2dFunction",
        "crop_is_empty_without_padding",
        hint="With padding = 0 the slice [pad:-pad] is [0:0], which is empty. Say where the image ends in another way.",
        edits={FUNCTION_CROP: "[:, :, pad_height:-pad_height, pad_width:-pad_width]"},
    ),
    wrong(
        "MaxPool2dFunction",
        "cropped_at_the_wrong_end",
        hint="Your dx has the right shape but starts in the padding: the image begins that many rows and columns "
        "further in.",
        edits={FUNCTION_CROP: "[:, :, :height, :width]"},
    ),
    wrong(
        "MaxPool2dFunction",
        "view_of_the_upstream_gradient",
        hint="You call .view on dout. A gradient that comes from elsewhere need not lie in memory in order; "
        "reshape copies where it must.",
        edits={"dout.reshape(num_images, channels, 1, num_places)": "dout.view(num_images, channels, 1, num_places)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "one_gradient_returned",
        hint="You return dx alone. backward returns one gradient for each argument of forward, None for those "
        "that have none.",
        edits={"return dx, None, None, None": "return dx"},
    ),
    wrong(
        "MaxPool2dFunction",
        "always_float32",
        hint="You convert to float32 whatever comes in. The result has the dtype of x.",
        edits={"F.pad(x, border, value=-torch.inf)": "F.pad(x.float(), border, value=-torch.inf)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "always_float64",
        hint="You convert to float64 whatever comes in. The result has the dtype of x.",
        edits={"F.pad(x, border, value=-torch.inf)": "F.pad(x.double(), border, value=-torch.inf)"},
    ),
    wrong(
        "MaxPool2dFunction",
        "averaged_over_batch",
        hint="dx is divided by the number of images. The loss already holds any division; gradients are passed on.",
        edits={"return dx, None": "return dx / num_images, None"},
    ),
]

C1_TO_S2 = """\
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),  # (6, 14, 14)
"""
C3_TO_S4 = """\
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),  # (16, 5, 5)
"""
C5 = """\
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
"""
F6 = """\
            nn.Linear(120, 84),
            nn.ReLU(),
"""
SCORES = "self.classifier(features)"

LENET = [
    wrong(
        "LeNet5",
        "no_activation_between_linear_layers",
        hint="Your last three layers follow each other without an activation: together they are one linear layer, "
        "however many parameters they have.",
        edits={C5: C5.replace("            nn.ReLU(),\n", ""), F6: F6.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "LeNet5",
        "no_activation_after_convolutions",
        hint="No activation follows your convolutions.",
        edits={
            C1_TO_S2: C1_TO_S2.replace("            nn.ReLU(),\n", ""),
            C3_TO_S4: C3_TO_S4.replace("            nn.ReLU(),\n", ""),
        },
    ),
    wrong(
        "LeNet5",
        "no_activation_after_the_first_convolution",
        hint="No activation follows your first convolution.",
        edits={C1_TO_S2: C1_TO_S2.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "LeNet5",
        "no_activation_before_the_scores",
        hint="No activation follows the layer of 84 units, so that it and the last layer are one linear layer.",
        edits={F6: F6.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "LeNet5",
        "no_activation_after_the_flattening",
        hint="No activation follows the layer of 120 units, so that it and the next layer are one linear layer.",
        edits={C5: C5.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "LeNet5",
        "softmax_at_the_end",
        hint="Your scores are probabilities already. Cross entropy takes the scores themselves and has a softmax "
        "inside: twice of it slows training down.",
        edits={SCORES: f"{SCORES}.softmax(dim=1)"},
    ),
    wrong(
        "LeNet5",
        "log_softmax_at_the_end",
        hint="Your scores are logarithms of probabilities. The contract asks for the scores themselves: cross "
        "entropy does the rest.",
        edits={SCORES: f"{SCORES}.log_softmax(dim=1)"},
    ),
    wrong(
        "LeNet5",
        "relu_at_the_end",
        hint="An activation follows your last layer, so that no score can be negative. Scores are any numbers.",
        edits={SCORES: f"{SCORES}.relu()"},
    ),
    wrong(
        "LeNet5",
        "sigmoid_at_the_end",
        hint="An activation squeezes your scores between 0 and 1. Scores are any numbers.",
        edits={SCORES: f"{SCORES}.sigmoid()"},
    ),
    wrong(
        "LeNet5",
        "best_class_returned",
        hint="You return the number of the best class. The contract asks for all scores; whoever needs the best "
        "one can look for it.",
        edits={SCORES: f"{SCORES}.argmax(dim=1)"},
    ),
    wrong(
        "LeNet5",
        "num_classes_ignored",
        hint="Your last layer has ten outputs whatever num_classes says.",
        edits={"nn.Linear(84, num_classes)": "nn.Linear(84, 10)"},
    ),
    wrong(
        "LeNet5",
        "first_convolution_padded",
        hint="You pad the first convolution, as is done for images of 28x28. These are 32x32 already: the maps "
        "come out larger, and the layer after them needs more weights.",
        edits={
            "nn.Conv2d(1, 6, kernel_size=5)": "nn.Conv2d(1, 6, kernel_size=5, padding=2)",
            "16 * 5 * 5": "16 * 6 * 6",
        },
    ),
    wrong(
        "LeNet5",
        "kernels_of_three",
        hint="Your kernels are 3x3; LeNet-5 has its name from five layers and its size from kernels of 5x5.",
        edits={
            "nn.Conv2d(1, 6, kernel_size=5)": "nn.Conv2d(1, 6, kernel_size=3)",
            "nn.Conv2d(6, 16, kernel_size=5)": "nn.Conv2d(6, 16, kernel_size=3)",
            "16 * 5 * 5": "16 * 6 * 6",
        },
    ),
    wrong(
        "LeNet5",
        "convolutions_without_bias",
        hint="Your number of parameters is too small by the biases of the convolutions: 6 and 16.",
        edits={
            "nn.Conv2d(1, 6, kernel_size=5)": "nn.Conv2d(1, 6, kernel_size=5, bias=False)",
            "nn.Conv2d(6, 16, kernel_size=5)": "nn.Conv2d(6, 16, kernel_size=5, bias=False)",
        },
    ),
    wrong(
        "LeNet5",
        "linear_layers_without_bias",
        hint="Your number of parameters is too small by the biases of the linear layers.",
        edits={
            "nn.Linear(16 * 5 * 5, 120)": "nn.Linear(16 * 5 * 5, 120, bias=False)",
            "nn.Linear(120, 84)": "nn.Linear(120, 84, bias=False)",
            "nn.Linear(84, num_classes)": "nn.Linear(84, num_classes, bias=False)",
        },
    ),
    wrong(
        "LeNet5",
        "layer_of_84_missing",
        hint="The layer of 84 units is missing: the layer of 120 leads to the scores directly.",
        edits={F6: "", "nn.Linear(84, num_classes)": "nn.Linear(120, num_classes)"},
    ),
    wrong(
        "LeNet5",
        "hidden_layers_swapped",
        hint="Your hidden layers have 84 and then 120 units: the larger one comes first.",
        edits={
            "nn.Linear(16 * 5 * 5, 120)": "nn.Linear(16 * 5 * 5, 84)",
            "nn.Linear(120, 84)": "nn.Linear(84, 120)",
            "nn.Linear(84, num_classes)": "nn.Linear(120, num_classes)",
        },
    ),
    wrong(
        "LeNet5",
        "batch_norm_added",
        hint="Your network has batch norm in it, which adds parameters. It is a good idea of 2015; LeNet-5 is of 1998 "
        "and has 61,706.",
        edits={
            "nn.Conv2d(6, 16, kernel_size=5),": ("nn.BatchNorm2d(6),\n            nn.Conv2d(6, 16, kernel_size=5),")
        },
    ),
    wrong(
        "LeNet5",
        "averaged_instead_of_flattened",
        hint="You average the last maps away before the linear layers. LeNet-5 flattens them: 16 maps of 5x5 make "
        "400 numbers.",
        edits={"nn.Flatten()": "nn.AdaptiveAvgPool2d(1),\n            nn.Flatten()", "16 * 5 * 5": "16"},
    ),
    wrong(
        "LeNet5",
        "strided_convolutions_instead_of_pooling",
        hint="Nothing is pooled: your convolutions move in steps of 2, or you keep every second pixel, which is the "
        "same. A pooling window looks at all four pixels before three of them go.",
        edits={
            "nn.Conv2d(1, 6, kernel_size=5)": "nn.Conv2d(1, 6, kernel_size=5, stride=2)",
            "nn.Conv2d(6, 16, kernel_size=5)": "nn.Conv2d(6, 16, kernel_size=5, stride=2)",
            C1_TO_S2: "            nn.ReLU(),\n",
            C3_TO_S4: "            nn.ReLU(),\n",
        },
    ),
    wrong(
        "LeNet5",
        "second_pooling_missing",
        hint="Your second convolution is not followed by pooling, so that its maps are 10x10 when they are flattened.",
        edits={C3_TO_S4: "            nn.ReLU(),\n"},
    ),
    wrong(
        "LeNet5",
        "batch_flattened_too",
        hint="You flatten the images of a batch into one row. The first axis, the images, must stay.",
        edits={"nn.Flatten()": "nn.Flatten(0)"},
    ),
    wrong(
        "LeNet5",
        "images_mixed_by_a_reshape",
        hint="Your reshape mixes the images of a batch: each of them gets numbers of the others. Keep the first axis "
        "in its place.",
        edits={
            "nn.Flatten()": "nn.Flatten(0),\n            nn.Unflatten(0, (400, -1))",
            SCORES: ("self.classifier[2:](self.classifier[:2](features).T)"),
        },
    ),
    wrong(
        "LeNet5",
        "axis_of_one_image_squeezed_away",
        hint="With one image your scores have one axis: look at squeeze.",
        edits={SCORES: f"{SCORES}.squeeze()"},
    ),
    wrong(
        "LeNet5",
        "batch_size_hard_coded",
        hint="Your network takes batches of one size only: the size of a batch is that of x's first axis.",
        edits={SCORES: "self.classifier(features.reshape(7, -1))"},
    ),
    wrong(
        "LeNet5",
        "normalised_by_the_batch",
        hint="Your forward pass subtracts the mean of the batch, so that the scores of an image depend on the others.",
        edits={"features = self.features(x)": "features = self.features(x - x.mean())"},
    ),
    wrong(
        "LeNet5",
        "features_detached",
        hint="No gradient reaches your convolutions: something cuts the graph between them and the scores.",
        edits={SCORES: "self.classifier(features.detach())"},
    ),
    wrong(
        "LeNet5",
        "scores_detached",
        hint="Your scores are cut off from the parameters: detach, .data or torch.no_grad leave nothing to train.",
        edits={SCORES: f"{SCORES}.detach()"},
    ),
    wrong(
        "LeNet5",
        "dropout_in_the_test_too",
        hint="Your scores change from call to call also in eval mode: F.dropout must be told the mode, nn.Dropout "
        "knows it.",
        edits={SCORES: "self.classifier(F.dropout(features, 0.5))"},
    ),
    wrong(
        "LeNet5",
        "three_channels_in",
        hint="Your first convolution takes images of three channels. These have one.",
        edits={"nn.Conv2d(1, 6, kernel_size=5)": "nn.Conv2d(3, 6, kernel_size=5)"},
    ),
    wrong(
        "LeNet5",
        "layers_in_a_plain_list",
        hint="Your network has too few parameters, or none: layers in a plain Python list are not registered. Where "
        "do layers have to stand for the module to know them?",
        edits={
            "self.classifier = nn.Sequential(": "self.classifier = list(nn.Sequential(",
            "num_classes),\n        )": ("num_classes),\n        ))"),
            SCORES: "nn.Sequential(*self.classifier)(features)",
        },
    ),
    wrong(
        "LeNet5",
        "layers_made_in_forward",
        hint="Your last layer is made anew in every forward pass, with new random weights, and never trained. "
        "Layers are made once, in __init__.",
        edits={
            "nn.Linear(84, num_classes),\n": "",
            "features = self.features(x)": ("last = nn.Linear(84, 10)\n        features = self.features(x)"),
            SCORES: f"last({SCORES})",
        },
    ),
]

WRONG = [
    *MAX_FORWARD,
    *MAX_BACKWARD,
    *AVG_FORWARD,
    *AVG_BACKWARD,
    *GLOBAL_FORWARD,
    *GLOBAL_BACKWARD,
    *FAST,
    *UNPOOL,
    *FUNCTION,
    *LENET,
]
