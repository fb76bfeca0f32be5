"""Mistakes that students make in `convolution`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed
test, the first one is named: so of those that raise the same error, the one that raises it least often leads.
"""

from autograder.answers import wrong

OUTPUT_SIZE = [
    wrong(
        "conv_output_size",
        "rounds_up",
        hint="Your size is rounded up. A kernel that would hang over the end has no place there: with "
        "size 8, kernel 3 and stride 2 the windows start at 0, 2 and 4, and the next one would need a "
        "pixel that does not exist.",
        edits={"return (padded - span) // stride + 1": "return -(-(padded - span) // stride) + 1"},
    ),
    wrong(
        "conv_output_size",
        "rounds_to_nearest",
        hint="Your size is rounded to the nearest whole number, so that it is sometimes one too large. "
        "Pixels left over at the end are dropped: which way must the division round?",
        edits={"return (padded - span) // stride + 1": "return round((padded - span) / stride) + 1"},
    ),
    wrong(
        "conv_output_size",
        "fraction_not_rounded",
        hint="Your division is not rounded at all, so the size comes out as a float, at times with a "
        "fraction. A size counts windows: look for the division that stays within whole numbers.",
        edits={"return (padded - span) // stride + 1": "return (padded - span) / stride + 1"},
    ),
    wrong(
        "conv_output_size",
        "last_position_forgotten",
        hint="Your size is one too small. The division counts the steps from the first window to the "
        "last; how many windows are there where there are no steps at all?",
        edits={"return (padded - span) // stride + 1": "return (padded - span) // stride"},
    ),
    wrong(
        "conv_output_size",
        "pads_one_end",
        hint="`pad` zeros are added at EACH end of the axis. How many pixels does that make in all?",
        edits={"padded = size + 2 * pad": "padded = size + pad"},
    ),
    wrong(
        "conv_output_size",
        "pad_ignored",
        hint="`pad` makes no difference to your result: where do the added zeros come into the formula?",
        edits={"padded = size + 2 * pad": "padded = size"},
    ),
    wrong(
        "conv_output_size",
        "stride_ignored",
        hint="`stride` makes no difference to your result: the window moves by `stride` pixels from one "
        "place to the next.",
        edits={"return (padded - span) // stride + 1": "return padded - span + 1"},
    ),
    wrong(
        "conv_output_size",
        "stride_divides_the_size",
        hint="You divide the image by the stride and take the kernel off afterwards. What the stride "
        "divides is the way that the window can travel: draw 7 pixels, a kernel of 3 and stride 2.",
        edits={"return (padded - span) // stride + 1": "return padded // stride - span + 1"},
    ),
    wrong(
        "conv_output_size",
        "dilation_ignored",
        hint="`dilation` makes no difference to your result. Draw the taps of a kernel of 3 with "
        "dilation 2: how many pixels lie from the first to the last?",
        edits={"span = dilation * (kernel - 1) + 1": "span = kernel"},
    ),
    wrong(
        "conv_output_size",
        "dilation_off_by_one",
        hint="Your dilated kernel is too long: dilation spreads the gaps between the taps, and behind "
        "the last tap there is no gap. How many gaps does a kernel of 3 have?",
        edits={"span = dilation * (kernel - 1) + 1": "span = dilation * kernel"},
    ),
    wrong(
        "conv_output_size",
        "dilation_counted_as_holes",
        hint="You count `dilation` holes between neighbouring taps. Here dilation is the distance "
        "between them: 1 is an ordinary kernel, without holes.",
        edits={"span = dilation * (kernel - 1) + 1": "span = kernel + dilation * (kernel - 1)"},
    ),
    wrong(
        "conv_output_size",
        "span_one_too_short",
        hint="Your kernel is one pixel too short: the gaps between the taps are counted, one of the taps "
        "is not. A kernel of 1 must span 1 pixel.",
        edits={"span = dilation * (kernel - 1) + 1": "span = dilation * (kernel - 1)"},
    ),
    wrong(
        "conv_output_size",
        "no_error",
        hint="A kernel larger than the padded input fits nowhere. You return a size of zero or less; the "
        "contract asks for a ValueError.",
        edits={"if span > padded:": "if False:"},
    ),
    wrong(
        "conv_output_size",
        "asserts_instead_of_raising",
        hint="You use `assert` to refuse the input, which raises an AssertionError (and nothing at all "
        "when Python runs with -O). The contract asks for a ValueError.",
        edits={
            "if span > padded:": ("assert span <= padded\n    if False:"),
        },
    ),
    wrong(
        "conv_output_size",
        "truncates_towards_zero",
        hint="A kernel one pixel too large slips through when the stride is larger than 1: int() rounds "
        "towards zero, and -1/3 becomes 0. Compare the kernel with the padded input before you divide.",
        edits={
            "if span > padded:": "if int((padded - span) / stride) + 1 < 1:",
            "return (padded - span) // stride + 1": "return int((padded - span) / stride) + 1",
        },
    ),
    wrong(
        "conv_output_size",
        "compared_before_padding",
        hint="You refuse a kernel that is larger than the image itself. With padding it may fit: what "
        "does the contract compare it with?",
        edits={"if span > padded:": "if span > size:"},
    ),
    wrong(
        "conv_output_size",
        "compared_before_dilation",
        hint="You compare the kernel without its dilation, so one that is spread too wide slips through.",
        edits={"if span > padded:": "if kernel > padded:"},
    ),
    wrong(
        "conv_output_size",
        "exact_fit_refused",
        hint="A kernel exactly as large as the padded input has one place to stand; you refuse it.",
        edits={"if span > padded:": "if span >= padded:"},
    ),
]

COST = [
    wrong(
        "conv_cost",
        "macs_doubled",
        hint="You count a multiplication and an addition as two. That is FLOPs; a multiply-add (MAC) is "
        "both together, and half as many.",
        edits={"macs = c_out *": "macs = 2 * c_out *"},
    ),
    wrong(
        "conv_cost",
        "bias_forgotten",
        hint="The parameters are too few by the number of filters: each filter has a bias when `bias` is True.",
        edits={" + (c_out if bias else 0)": ""},
    ),
    wrong(
        "conv_cost",
        "bias_always_counted",
        hint="You count the biases also where there are none: look at the argument `bias`.",
        edits={"(c_out if bias else 0)": "c_out"},
    ),
    wrong(
        "conv_cost",
        "one_bias_in_all",
        hint="You count a single bias for the whole layer. Every filter has one of its own.",
        edits={"(c_out if bias else 0)": "(1 if bias else 0)"},
    ),
    wrong(
        "conv_cost",
        "bias_per_input_channel",
        hint="You count a bias for each input channel. It is added once to each output, so it belongs to the filter.",
        edits={"(c_out if bias else 0)": "(c_in if bias else 0)"},
    ),
    wrong(
        "conv_cost",
        "bias_per_pair_of_channels",
        hint="You count a bias for each pair of input and output channel. The products of all input "
        "channels are summed before the bias is added: how often is that?",
        edits={"(c_out if bias else 0)": "(c_in * c_out if bias else 0)"},
    ),
    wrong(
        "conv_cost",
        "bias_counted_in_macs",
        hint="Your multiply-adds include the additions of the bias, which the contract leaves out.",
        edits={"macs = c_out * h_out * w_out * taps": "macs = c_out * h_out * w_out * (taps + bool(bias))"},
    ),
    wrong(
        "conv_cost",
        "kernel_width_ignored",
        hint="You use the height of the kernel for its width too. A kernel may be a pair whose sides differ.",
        edits={
            'kernel_height, kernel_width = pair(kernel, "kernel")': (
                'kernel_height = kernel_width = pair(kernel, "kernel")[0]'
            ),
        },
    ),
    wrong(
        "conv_cost",
        "pair_not_accepted",
        hint="`kernel` may be an int or a pair (height, width); yours computes with it as if it were always an int.",
        edits={
            'kernel_height, kernel_width = pair(kernel, "kernel")': "kernel_area = kernel**2",
            "c_in * kernel_height * kernel_width": "c_in * kernel_area",
        },
    ),
    wrong(
        "conv_cost",
        "kernel_not_squared",
        hint="An int `kernel` means a square: it has as many columns as rows.",
        edits={'pair(kernel, "kernel")': "(kernel, 1) if isinstance(kernel, int) else kernel"},
    ),
    wrong(
        "conv_cost",
        "input_channels_forgotten",
        hint="Each filter reaches through all input channels: neither your parameters nor your "
        "multiply-adds depend on their number as they should.",
        edits={"taps = c_in * kernel_height": "taps = kernel_height"},
    ),
    wrong(
        "conv_cost",
        "macs_of_one_channel",
        hint="Your multiply-adds are those of a single input channel; the sum behind each output runs "
        "over all of them.",
        edits={
            "macs = c_out * h_out * w_out * taps": ("macs = c_out * h_out * w_out * kernel_height * kernel_width"),
        },
    ),
    wrong(
        "conv_cost",
        "macs_of_one_filter",
        hint="Your multiply-adds are those of a single filter.",
        edits={"macs = c_out * h_out": "macs = h_out"},
    ),
    wrong(
        "conv_cost",
        "macs_of_one_position",
        hint="Your multiply-adds are those of a single position. The same weights are used again at "
        "every place of the output.",
        edits={"macs = c_out * h_out * w_out * taps": "macs = c_out * taps"},
    ),
    wrong(
        "conv_cost",
        "square_output_assumed",
        hint="You use the height of the output for its width too; the output may not be square.",
        edits={"macs = c_out * h_out * w_out": "macs = c_out * h_out * h_out"},
    ),
    wrong(
        "conv_cost",
        "weights_not_shared",
        hint="Your parameters grow with the size of the output. A convolution uses one set of weights at "
        "every position.",
        edits={
            "params = c_out * taps + (c_out if bias else 0)": (
                "params = h_out * w_out * (c_out * taps + (c_out if bias else 0))"
            ),
        },
    ),
    wrong(
        "conv_cost",
        "order_swapped",
        hint="The two numbers are right and in the wrong order.",
        edits={"return params, macs": "return macs, params"},
    ),
]

FORWARD_NAIVE = [
    wrong(
        "conv_forward_naive",
        "kernel_flipped",
        hint="Your kernel is flipped. What deep learning calls convolution is cross-correlation: the "
        "kernel is laid on the image as it is, its first row on the first row of the window.",
        edits={"np.sum(window * w[f])": "np.sum(window * w[f, :, ::-1, ::-1])"},
    ),
    wrong(
        "conv_forward_naive",
        "output_height_and_width_swapped",
        hint="Your output is transposed: it has its height where its width should be. Images are (N, C, H, W).",
        edits={"return out, cache": "return out.swapaxes(2, 3), cache"},
    ),
    wrong(
        "conv_forward_naive",
        "height_and_width_swapped",
        hint="You read width before height from the shapes. Images are (N, C, H, W) and filters (F, C, "
        "HH, WW): check the order in which you unpack them.",
        edits={
            "num_images, _, height, width = x.shape": "num_images, _, width, height = x.shape",
            "num_filters, _, kernel_height, kernel_width = w.shape": (
                "num_filters, _, kernel_width, kernel_height = w.shape"
            ),
        },
    ),
    wrong(
        "conv_forward_naive",
        "square_kernel_assumed",
        hint="You take the kernel to be square: its width need not be its height.",
        edits={
            "window = x_padded[n, :, top : top + kernel_height, left : left + kernel_width]": (
                "side = kernel_height\n"
                "                    window = x_padded[n, :, top : top + side, left : left + side]"
            ),
            "np.sum(window * w[f])": "np.sum(window * w[f, :, :side, :side])",
        },
    ),
    wrong(
        "conv_forward_naive",
        "output_width_from_height",
        hint="You compute the width of the output from the height of the image.",
        edits={"conv_output_size(width, kernel_width": "conv_output_size(height, kernel_width"},
    ),
    wrong(
        "conv_forward_naive",
        "stride_ignored",
        hint="The output has the right size, but its windows are neighbours: from one output pixel to "
        "the next the window moves by `stride`.",
        edits={"top, left = i * stride, j * stride": "top, left = i, j"},
    ),
    wrong(
        "conv_forward_naive",
        "stride_for_rows_only",
        hint="Your windows move by the stride from row to row, but not from column to column.",
        edits={"top, left = i * stride, j * stride": "top, left = i * stride, j"},
    ),
    wrong(
        "conv_forward_naive",
        "stride_taken_as_kernel_size",
        hint="Your windows move by the size of the kernel. They move by the stride, and may overlap or leave gaps.",
        edits={"top, left = i * stride, j * stride": "top, left = i * kernel_height, j * kernel_width"},
    ),
    wrong(
        "conv_forward_naive",
        "loops_over_the_image",
        hint="You place windows over the whole image in steps of the stride. The number of windows is "
        "the size of the output: the last windows of yours hang over the end of the image, or there are "
        "too few of them.",
        edits={
            "for i in range(h_out):": "for i in range(-(-height // stride)):",
            "for j in range(w_out):": "for j in range(-(-width // stride)):",
        },
    ),
    wrong(
        "conv_forward_naive",
        "positions_of_the_unpadded_image",
        hint="You move the window over the image as if it were not padded: the last rows and columns of "
        "the output keep their first value, zero.",
        edits={
            "for i in range(h_out):": "for i in range(max(0, (height - kernel_height) // stride + 1)):",
            "for j in range(w_out):": "for j in range(max(0, (width - kernel_width) // stride + 1)):",
        },
    ),
    wrong(
        "conv_forward_naive",
        "rounds_up",
        hint="Your output is one too large where the stride does not divide: a window that would hang "
        "over the end of the image does not count.",
        edits={
            "h_out = conv_output_size(height, kernel_height, stride, pad)": (
                "h_out = -(-(height + 2 * pad - kernel_height) // stride) + 1"
            ),
            "w_out = conv_output_size(width, kernel_width, stride, pad)": (
                "w_out = -(-(width + 2 * pad - kernel_width) // stride) + 1"
            ),
            "np.sum(window * w[f])": "np.sum(window * w[f, :, : window.shape[1], : window.shape[2]])",
        },
    ),
    wrong(
        "conv_forward_naive",
        "pad_ignored",
        hint="The image is not padded: look at conv_param['pad'].",
        edits={
            'stride, pad = conv_param["stride"], conv_param["pad"]': 'stride, pad = conv_param["stride"], 0',
        },
    ),
    wrong(
        "conv_forward_naive",
        "pad_hard_coded",
        hint="You pad by 1 whatever conv_param['pad'] says.",
        edits={
            'stride, pad = conv_param["stride"], conv_param["pad"]': 'stride, pad = conv_param["stride"], 1',
        },
    ),
    wrong(
        "conv_forward_naive",
        "pads_at_the_end_only",
        hint="All your zeros lie below and to the right of the image. `pad` goes on every side.",
        edits={"((0, 0), (0, 0), (pad, pad), (pad, pad))": "((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad))"},
    ),
    wrong(
        "conv_forward_naive",
        "pads_batch_axis",
        hint="You pad the batch too: images of zeros are put before the real ones. np.pad takes one pair "
        "for each axis; which two of (N, C, H, W) need zeros?",
        edits={"((0, 0), (0, 0), (pad, pad), (pad, pad))": "((pad, pad), (0, 0), (pad, pad), (pad, pad))"},
    ),
    wrong(
        "conv_forward_naive",
        "pads_channel_axis",
        hint="You pad the channels too, so that channels of zeros come before the real ones. np.pad "
        "takes one pair for each axis; which two of (N, C, H, W) need zeros?",
        edits={
            "((0, 0), (0, 0), (pad, pad), (pad, pad))": "((0, 0), (pad, pad), (pad, pad), (pad, pad))",
            "window = x_padded[n, :, top": "window = x_padded[n, : w.shape[1], top",
        },
    ),
    wrong(
        "conv_forward_naive",
        "pads_with_edge_values",
        hint="You continue the image with copies of its border. The padding of a convolution is made of zeros.",
        edits={"(pad, pad), (pad, pad)))": '(pad, pad), (pad, pad)), mode="edge")'},
    ),
    wrong(
        "conv_forward_naive",
        "bias_forgotten",
        hint="The bias is not added: every output of filter f is off by b[f].",
        edits={" + b[f]": ""},
    ),
    wrong(
        "conv_forward_naive",
        "bias_once_per_channel",
        hint="The bias is added once for every input channel. It belongs to the filter: once for each output.",
        edits={
            "np.sum(window * w[f]) + b[f]": (
                "sum(np.sum(image * kernel) + b[f] for image, kernel in zip(window, w[f]))"
            ),
        },
    ),
    wrong(
        "conv_forward_naive",
        "bias_once_per_tap",
        hint="The bias is inside the sum, so it is added once for every tap of the kernel. Look at your brackets.",
        edits={"np.sum(window * w[f]) + b[f]": "np.sum(window * w[f] + b[f])"},
    ),
    wrong(
        "conv_forward_naive",
        "first_bias_for_all",
        hint="Every filter gets the bias of the first one.",
        edits={"+ b[f]": "+ b[0]"},
    ),
    wrong(
        "conv_forward_naive",
        "first_channel_only",
        hint="Only the first channel of the image counts in your output: a filter reaches through all of them.",
        edits={"np.sum(window * w[f])": "np.sum(window[0] * w[f, 0])"},
    ),
    wrong(
        "conv_forward_naive",
        "last_channel_only",
        hint="Only the last channel counts in your output: each channel overwrites the one before "
        "instead of being added.",
        edits={"np.sum(window * w[f])": "np.sum(window[-1] * w[f, -1])"},
    ),
    wrong(
        "conv_forward_naive",
        "first_image_only",
        hint="Every image of the batch gets the output of the first.",
        edits={"window = x_padded[n, ": "window = x_padded[0, "},
    ),
    wrong(
        "conv_forward_naive",
        "first_filter_only",
        hint="Every filter gives the output of the first (but for its bias).",
        edits={"np.sum(window * w[f])": "np.sum(window * w[0])"},
    ),
    wrong(
        "conv_forward_naive",
        "window_averaged",
        hint="You average over the window; a convolution sums the products.",
        edits={"np.sum(window * w[f])": "np.mean(window * w[f])"},
    ),
    wrong(
        "conv_forward_naive",
        "output_of_ints",
        hint="Your output loses what comes after the decimal point: look at the dtype of the array that you fill.",
        edits={"w_out), dtype=x.dtype)": "w_out), dtype=int)"},
    ),
    wrong(
        "conv_forward_naive",
        "modifies_x",
        hint="You write into the window, which is a view: without padding it is a part of x itself, and "
        "the next windows see the changed pixels. Which of your operations work in place?",
        edits={
            "x_padded = np.pad(x,": "x_padded = x if pad == 0 else np.pad(x,",
            "out[n, f, i, j] = np.sum(window * w[f]) + b[f]": (
                "window *= w[f]\n                    out[n, f, i, j] = np.sum(window) + b[f]"
            ),
        },
    ),
    wrong(
        "conv_forward_naive",
        "weights_reshaped_in_place",
        hint="Your code changes the shape of w itself, and the caller's w with it. Make a reshaped view instead.",
        edits={
            "for n in range(num_images):": ("w.shape = (num_filters, -1)\n    for n in range(num_images):"),
            "np.sum(window * w[f])": "window.ravel() @ w[f]",
        },
    ),
    wrong(
        "conv_forward_naive",
        "no_error",
        hint="A kernel larger than the padded image fits nowhere. You return an empty output; the "
        "contract asks for a ValueError.",
        edits={
            "h_out = conv_output_size(height, kernel_height, stride, pad)": (
                "h_out = max(0, (height + 2 * pad - kernel_height) // stride + 1)"
            ),
            "w_out = conv_output_size(width, kernel_width, stride, pad)": (
                "w_out = max(0, (width + 2 * pad - kernel_width) // stride + 1)"
            ),
        },
    ),
]

BACKWARD_NAIVE = [
    wrong(
        "conv_backward_naive",
        "dx_overwritten_where_windows_overlap",
        hint="Where windows overlap, a pixel gets a share of its gradient from each of them (and from "
        "each filter). You keep only the last share: look at the assignment to dx.",
        edits={"dx_padded[n, :, rows, columns] +=": "dx_padded[n, :, rows, columns] ="},
    ),
    wrong(
        "conv_backward_naive",
        "dw_overwritten",
        hint="Each weight is used at every position of every image, and its gradient is the sum over all "
        "of them. You keep only the last: look at the assignment to dw.",
        edits={"dw[f] +=": "dw[f] ="},
    ),
    wrong(
        "conv_backward_naive",
        "stride_ignored",
        hint="The backward pass ignores the stride: the gradient of output pixel (i, j) must go to the "
        "very window that the forward pass read for it.",
        edits={
            "slice(i * stride, i * stride + kernel_height)": "slice(i, i + kernel_height)",
            "slice(j * stride, j * stride + kernel_width)": "slice(j, j + kernel_width)",
        },
    ),
    wrong(
        "conv_backward_naive",
        "padding_not_cropped",
        hint="Your dx still has the padding around it. The zeros are not part of x: dx has the shape of x.",
        edits={"dx = dx_padded[:, :, pad : pad + height, pad : pad + width]": "dx = dx_padded"},
    ),
    wrong(
        "conv_backward_naive",
        "crop_is_empty_without_padding",
        hint="With pad = 0 the slice [pad:-pad] is [0:0], which is empty. Say where the image ends in another way.",
        edits={"[:, :, pad : pad + height, pad : pad + width]": "[:, :, pad:-pad, pad:-pad]"},
    ),
    wrong(
        "conv_backward_naive",
        "crop_hard_coded",
        hint="You take one row and column off every side of dx, whatever the padding was.",
        edits={"[:, :, pad : pad + height, pad : pad + width]": "[:, :, 1:-1, 1:-1]"},
    ),
    wrong(
        "conv_backward_naive",
        "cropped_at_the_wrong_end",
        hint="Your dx has the right shape but starts in the padding: the image begins `pad` rows and "
        "columns further in.",
        edits={"[:, :, pad : pad + height, pad : pad + width]": "[:, :, :height, :width]"},
    ),
    wrong(
        "conv_backward_naive",
        "dw_from_unpadded_x",
        hint="dw reads its windows from x without the padding, where the forward pass read them from the padded image.",
        edits={"* x_padded[n, :, rows, columns]": "* x[n, :, rows, columns]"},
    ),
    wrong(
        "conv_backward_naive",
        "kernel_flipped_in_dx",
        hint="dx uses the kernel flipped. Flipping belongs to the formula that convolves dout; here each "
        "output pixel hands its gradient back to its own window, through the weights as they lie.",
        edits={"dout[n, f, i, j] * w[f]": "dout[n, f, i, j] * w[f, :, ::-1, ::-1]"},
    ),
    wrong(
        "conv_backward_naive",
        "dw_flipped",
        hint="Your dw is flipped: the first weight of the kernel belongs to the first pixel of the window.",
        edits={"return dx, dw, db": "return dx, dw[:, :, ::-1, ::-1], db"},
    ),
    wrong(
        "conv_backward_naive",
        "upstream_left_out_of_dw",
        hint="dw does not use dout: by the chain rule each window counts as much as the loss cares for its output.",
        edits={"dw[f] += dout[n, f, i, j] * x_padded": "dw[f] += x_padded"},
    ),
    wrong(
        "conv_backward_naive",
        "upstream_left_out_of_dx",
        hint="dx does not use dout: by the chain rule each window counts as much as the loss cares for its output.",
        edits={"+= dout[n, f, i, j] * w[f]": "+= w[f]"},
    ),
    wrong(
        "conv_backward_naive",
        "db_keeps_the_width",
        hint="db is summed over too few axes: one bias is added to every image, row and column.",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=(0, 2))"},
    ),
    wrong(
        "conv_backward_naive",
        "db_per_image",
        hint="db is not summed over the batch: all images share one bias per filter.",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=(2, 3))"},
    ),
    wrong(
        "conv_backward_naive",
        "db_per_pixel",
        hint="db is summed over the batch alone: the same bias is added at every row and column.",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=0)"},
    ),
    wrong(
        "conv_backward_naive",
        "db_has_two_axes",
        hint="The values of db are right, but its shape is (1, F). A gradient has the shape of what it "
        "belongs to: (F,).",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=(0, 2, 3)).reshape(1, -1)"},
    ),
    wrong(
        "conv_backward_naive",
        "db_has_four_axes",
        hint="The values of db are right, but summed axes are still there with size 1: look at keepdims.",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=(0, 2, 3), keepdims=True)"},
    ),
    wrong(
        "conv_backward_naive",
        "db_averaged",
        hint="db is averaged over positions and images. The loss already holds any division; gradients add up.",
        edits={"dout.sum(axis=(0, 2, 3))": "dout.mean(axis=(0, 2, 3))"},
    ),
    wrong(
        "conv_backward_naive",
        "db_once_per_channel",
        hint="db is too large by the number of input channels: the bias is added once for each output.",
        edits={"dout.sum(axis=(0, 2, 3))": "x.shape[1] * dout.sum(axis=(0, 2, 3))"},
    ),
    wrong(
        "conv_backward_naive",
        "dw_averaged_over_batch",
        hint="dw is divided by the number of images. The loss already holds any division; gradients add up.",
        edits={"return dx, dw, db": "return dx, dw / num_images, db"},
    ),
    wrong(
        "conv_backward_naive",
        "parameter_gradients_averaged",
        hint="dw and db are divided by the number of images. The loss already holds any division; gradients add up.",
        edits={"return dx, dw, db": "return dx, dw / num_images, db / num_images"},
    ),
    wrong(
        "conv_backward_naive",
        "order_swapped",
        hint="The gradients are returned in the wrong order: dx, dw, db, as the inputs of the forward pass.",
        edits={"return dx, dw, db": "return dw, dx, db"},
    ),
    wrong(
        "conv_backward_naive",
        "first_image_only",
        hint="Only the first image of the batch contributes to dx and dw.",
        edits={"for n in range(num_images):": "for n in range(1):"},
    ),
    wrong(
        "conv_backward_naive",
        "last_position_left_out",
        hint="The last row and column of dout are never used: look at the ends of your loops.",
        edits={
            "for i in range(h_out):": "for i in range(h_out - 1):",
            "for j in range(w_out):": "for j in range(w_out - 1):",
        },
    ),
    wrong(
        "conv_backward_naive",
        "output_width_from_height",
        hint="Your loop over the columns of dout runs to its height.",
        edits={"for j in range(w_out):": "for j in range(h_out):"},
    ),
    wrong(
        "conv_backward_naive",
        "positions_of_the_unpadded_image",
        hint="Your loops place the windows as if the image were not padded: the last rows and columns of "
        "dout are not used.",
        edits={
            "for i in range(h_out):": "for i in range(max(0, (height - kernel_height) // stride + 1)):",
            "for j in range(w_out):": "for j in range(max(0, (width - kernel_width) // stride + 1)):",
        },
    ),
    wrong(
        "conv_backward_naive",
        "square_kernel_assumed",
        hint="You take the kernel to be square: its width need not be its height.",
        edits={
            "dw[f] += dout[n, f, i, j] * x_padded[n, :, rows, columns]": (
                "side = kernel_height\n"
                "                    columns = slice(j * stride, j * stride + side)\n"
                "                    dw[f, :, :side, :side] += dout[n, f, i, j] * x_padded[n, :, rows, "
                "columns]"
            ),
            "+= dout[n, f, i, j] * w[f]": "+= dout[n, f, i, j] * w[f, :, :side, :side]",
        },
    ),
    wrong(
        "conv_backward_naive",
        "dx_sums_the_channels",
        hint="Every channel of dx gets the sum over all channels of the kernel. Channel c was multiplied "
        "by channel c of the kernel alone.",
        edits={"+= dout[n, f, i, j] * w[f]": "+= dout[n, f, i, j] * w[f].sum(axis=0)"},
    ),
    wrong(
        "conv_backward_naive",
        "dx_starts_from_x",
        hint="Your dx contains x itself: the gradient must start from zeros.",
        edits={"dx_padded = np.zeros_like(x_padded)": "dx_padded = x_padded.copy()"},
    ),
    wrong(
        "conv_backward_naive",
        "updates_the_weights",
        hint="Your backward pass changes the weights in the cache, so that a second one gives another "
        "answer. It only computes gradients; a step of training is taken elsewhere.",
        edits={
            "return dx, dw, db": ("w -= 0.1 * dw\n    return dx, dw, db"),
        },
    ),
]

IM2COL = [
    wrong(
        "im2col",
        "pixel_before_channel",
        hint="The rows of cols are in another order: channels come first, then the rows of the kernel, "
        "then its columns. Yours go through the pixels first and the channels last.",
        edits={"return cols.reshape(": "return cols.transpose(0, 2, 3, 1, 4, 5).reshape("},
    ),
    wrong(
        "im2col",
        "kernel_columns_before_rows",
        hint="Inside a window the pixels must follow each other row by row; yours go column by column.",
        edits={"return cols.reshape(": "return cols.swapaxes(2, 3).reshape("},
    ),
    wrong(
        "im2col",
        "windows_column_by_column",
        hint="The windows must follow each other row by row of the output; yours go column by column.",
        edits={"return cols.reshape(": "return cols.swapaxes(4, 5).reshape("},
    ),
    wrong(
        "im2col",
        "windows_as_rows",
        hint="Every window is a row in your result. It should be a column: (N, C*kh*kw, L).",
        edits={"channels * kh * kw, h_out * w_out)": "channels * kh * kw, h_out * w_out).swapaxes(1, 2)"},
    ),
    wrong(
        "im2col",
        "reshaped_without_transposing",
        hint="The shape is right and the numbers are mixed up: a reshape does not move axes. Your "
        "windows lie row by row in memory, and need a transpose before they can be read as columns.",
        edits={"return cols.reshape(": "return cols.transpose(0, 4, 5, 1, 2, 3).reshape("},
    ),
    wrong(
        "im2col",
        "batch_in_the_columns",
        hint="You put the windows of all images into one matrix, as some courses do. Here the batch "
        "stays the first axis: (N, C*kh*kw, L).",
        edits={
            "return cols.reshape(num_images, channels * kh * kw, h_out * w_out)": (
                "return cols.transpose(1, 2, 3, 4, 5, 0).reshape(channels * kh * kw, -1)"
            ),
        },
    ),
    wrong(
        "im2col",
        "kernel_height_and_width_swapped",
        hint="You exchange the height and the width of the kernel: the arguments are (x, kh, kw).",
        edits={
            "num_images, channels, height, width = x.shape": (
                "num_images, channels, height, width = x.shape\n    kh, kw = kw, kh"
            ),
        },
    ),
    wrong(
        "im2col",
        "window_flipped",
        hint="Each of your columns holds its window backwards, from the last pixel to the first.",
        edits={"cols[:, :, i, j] =": "cols[:, :, kh - 1 - i, kw - 1 - j] ="},
    ),
    wrong(
        "im2col",
        "stride_ignored",
        hint="There are as many columns as there should be, but they are neighbouring windows: the "
        "window moves by `stride`.",
        edits={"= x_padded[:, :, rows, columns]": "= x_padded[:, :, i : i + h_out, j : j + w_out]"},
    ),
    wrong(
        "im2col",
        "output_width_from_height",
        hint="im2col computes the number of windows across from the height of the image.",
        edits={
            ("w_out = conv_output_size(width, kw, stride, pad)\n    x_padded = np.pad("): (
                "w_out = conv_output_size(height, kw, stride, pad)\n    x_padded = np.pad("
            ),
        },
    ),
    wrong(
        "im2col",
        "pad_ignored",
        hint="im2col does not pad the image: `pad` makes no difference.",
        edits={
            "num_images, channels, height, width = x.shape": (
                "num_images, channels, height, width = x.shape\n    pad = 0"
            ),
        },
    ),
    wrong(
        "im2col",
        "pad_hard_coded",
        hint="im2col pads by 1, whatever `pad` says.",
        edits={
            "num_images, channels, height, width = x.shape": (
                "num_images, channels, height, width = x.shape\n    pad = 1"
            ),
        },
    ),
    wrong(
        "im2col",
        "pads_with_edge_values",
        hint="im2col continues the image with copies of its border; the padding is made of zeros.",
        edits={"(pad, pad), (pad, pad)))": '(pad, pad), (pad, pad)), mode="edge")'},
    ),
    wrong(
        "im2col",
        "pads_at_the_end_only",
        hint="im2col puts all its zeros below and to the right of the image. `pad` goes on every side.",
        edits={"((0, 0), (0, 0), (pad, pad), (pad, pad))": "((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad))"},
    ),
    wrong(
        "im2col",
        "pads_channel_axis",
        hint="im2col pads the channels too, so that channels of zeros come before the real ones: np.pad "
        "takes one pair for each of the four axes.",
        edits={
            "((0, 0), (0, 0), (pad, pad), (pad, pad))": "((0, 0), (pad, pad), (pad, pad), (pad, pad))",
            "= x_padded[:, :, rows, columns]": "= x_padded[:, :channels, rows, columns]",
        },
    ),
    wrong(
        "im2col",
        "col2im_overwrites",
        hint="Where windows overlap, col2im keeps only the last value. As the adjoint of im2col it adds "
        "up all of them.",
        edits={"x_padded[:, :, rows, columns] +=": "x_padded[:, :, rows, columns] ="},
    ),
    wrong(
        "im2col",
        "col2im_averages",
        hint="col2im averages where windows overlap, so that it undoes im2col. The adjoint is not the "
        "inverse: it adds up.",
        edits={
            "x_padded[:, :, rows, columns] +=": (
                "counts[:, :, rows, columns] += 1\n            x_padded[:, :, rows, columns] +="
            ),
            "width + 2 * pad), dtype=cols.dtype)": (
                "width + 2 * pad), dtype=cols.dtype)\n    counts = np.zeros_like(x_padded)"
            ),
            "return x_padded[:, :, pad : pad + height": (
                "x_padded /= np.maximum(counts, 1)\n    return x_padded[:, :, pad : pad + height"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_not_cropped",
        hint="The result of col2im still has the padding around it: it must have the shape x_shape.",
        edits={"return x_padded[:, :, pad : pad + height, pad : pad + width]": "return x_padded"},
    ),
    wrong(
        "im2col",
        "col2im_crop_is_empty_without_padding",
        hint="With pad = 0 the slice [pad:-pad] is [0:0], which is empty. Say where the image ends in another way.",
        edits={"[:, :, pad : pad + height, pad : pad + width]": "[:, :, pad:-pad, pad:-pad]"},
    ),
    wrong(
        "im2col",
        "col2im_cropped_at_the_wrong_end",
        hint="The result of col2im has the right shape but starts in the padding: the image begins `pad` "
        "rows and columns further in.",
        edits={"[:, :, pad : pad + height, pad : pad + width]": "[:, :, :height, :width]"},
    ),
    wrong(
        "im2col",
        "col2im_stride_ignored",
        hint="col2im puts the windows next to each other: they lie `stride` pixels apart.",
        edits={"x_padded[:, :, rows, columns] +=": "x_padded[:, :, i : i + h_out, j : j + w_out] +="},
    ),
    wrong(
        "im2col",
        "col2im_pixel_before_channel",
        hint="col2im reads the rows of cols in another order than im2col writes them: channels come "
        "first, then the rows of the kernel, then its columns.",
        edits={
            "cols.reshape(num_images, channels, kh, kw, h_out, w_out)": (
                "cols.reshape(num_images, kh, kw, channels, h_out, w_out).transpose(0, 3, 1, 2, 4, 5)"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_kernel_columns_before_rows",
        hint="col2im reads each window column by column, where im2col writes it row by row.",
        edits={
            "cols.reshape(num_images, channels, kh, kw, h_out, w_out)": (
                "cols.reshape(num_images, channels, kw, kh, h_out, w_out).swapaxes(2, 3)"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_windows_column_by_column",
        hint="col2im takes the windows to follow each other column by column; they go row by row of the output.",
        edits={
            "cols.reshape(num_images, channels, kh, kw, h_out, w_out)": (
                "cols.reshape(num_images, channels, kh, kw, w_out, h_out).swapaxes(4, 5)"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_reshaped_without_transposing",
        hint="col2im reads cols as if the windows came first: a reshape does not move axes, and needs a "
        "transpose here.",
        edits={
            "cols.reshape(num_images, channels, kh, kw, h_out, w_out)": (
                "cols.reshape(num_images, h_out, w_out, channels, kh, kw).transpose(0, 3, 4, 5, 1, 2)"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_reshapes_its_input",
        hint="col2im changes the shape of cols itself, and the caller's cols with it. Make a reshaped view instead.",
        edits={
            "windows = cols.reshape(num_images, channels, kh, kw, h_out, w_out)": (
                "cols.shape = (num_images, channels, kh, kw, h_out, w_out)\n    windows = cols"
            ),
        },
    ),
    wrong(
        "im2col",
        "col2im_height_and_width_swapped",
        hint="col2im reads width before height from x_shape: it is (N, C, H, W).",
        edits={
            "num_images, channels, height, width = x_shape": "num_images, channels, width, height = x_shape",
        },
    ),
]

FAST = [
    wrong(
        "conv_forward_fast",
        "loops_as_the_naive_version",
        hint="The results are right, but they come from loops over images and pixels. Turn the windows "
        "into columns and let one matrix product do the work.",
        source="""\
def conv_forward_fast(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    h_out = conv_output_size(x.shape[2], w.shape[2], stride, pad)
    w_out = conv_output_size(x.shape[3], w.shape[3], stride, pad)
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((len(x), len(w), h_out, w_out))
    for n, f, i, j in np.ndindex(out.shape):
        top, left = i * stride, j * stride
        window = x_padded[n, :, top : top + w.shape[2], left : left + w.shape[3]]
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x_padded, w, stride, pad)


def conv_backward_fast(dout, cache):
    x_padded, w, stride, pad = cache
    dx, dw, db = np.zeros_like(x_padded), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for n, f, i, j in np.ndindex(dout.shape):
        rows = slice(i * stride, i * stride + w.shape[2])
        columns = slice(j * stride, j * stride + w.shape[3])
        dw[f] += dout[n, f, i, j] * x_padded[n, :, rows, columns]
        dx[n, :, rows, columns] += dout[n, f, i, j] * w[f]
    return dx[:, :, pad : dx.shape[2] - pad, pad : dx.shape[3] - pad], dw, db
""",
    ),
    wrong(
        "conv_forward_fast",
        "forward_loops_over_images",
        hint="The forward pass is right, but it takes the images one by one in a Python loop. A matrix "
        "product can carry the batch as its first axis.",
        edits={
            "out = w_rows @ cols + b[:, np.newaxis]": (
                "out = np.stack([w_rows @ image_cols + b[:, np.newaxis] for image_cols in cols])"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "forward_loops_over_pixels",
        hint="The forward pass is right, but it takes the columns one by one in a Python loop. A matrix "
        "product takes all of them at once.",
        edits={
            "out = w_rows @ cols + b[:, np.newaxis]": (
                "out = np.stack([(w_rows @ cols[:, :, place, None])[:, :, 0] + b for place in "
                "range(cols.shape[2])], axis=2)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "backward_loops_over_images",
        hint="The backward pass is right, but it takes the images one by one in a Python loop: sum over "
        "the batch with an axis instead.",
        edits={
            "(dout_rows @ cols.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)": (
                "sum(image_dout @ image_cols.T for image_dout, image_cols in zip(dout_rows, cols)).reshape(w.shape)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "backward_loops_over_pixels",
        hint="The backward pass is right, but it takes the output pixels one by one in a Python loop: a "
        "matrix product takes all of them at once.",
        edits={
            "dcols = w_rows.T @ dout_rows": (
                "dcols = np.stack([dout_rows[:, :, place] @ w_rows for place in range(dout_rows.shape[2])], axis=2)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "out_reshaped_without_transposing",
        hint="Outputs of different images and filters are mixed up: a product over all columns has the "
        "filters first, and a reshape does not move axes.",
        edits={
            "out = w_rows @ cols + b[:, np.newaxis]": (
                "out = w_rows @ cols.transpose(1, 0, 2).reshape(w_rows.shape[1], -1) + b[:, np.newaxis]"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "out_height_and_width_swapped",
        hint="The last reshape of the forward pass exchanges the height and the width of the output.",
        edits={
            "out.reshape(num_images, num_filters, h_out, w_out)": (
                "out.reshape(num_images, num_filters, w_out, h_out)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "kernel_flipped",
        hint="The forward pass flips the kernel. What deep learning calls convolution is "
        "cross-correlation: the kernel is laid on the image as it is.",
        edits={
            ("w_rows = w.reshape(num_filters, -1)  # (F, C*HH*WW)\n    out ="): (
                "w_rows = w[:, :, ::-1, ::-1].reshape(num_filters, -1)\n    out ="
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "weights_pixel_before_channel",
        hint="The rows of weights and the columns of windows are in different order: channel, then "
        "kernel row, then kernel column.",
        edits={
            ("w_rows = w.reshape(num_filters, -1)  # (F, C*HH*WW)\n    out ="): (
                "w_rows = w.transpose(0, 2, 3, 1).reshape(num_filters, -1)\n    out ="
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "bias_along_the_pixels",
        hint="The bias runs along the last axis, the pixels. It belongs to the axis of the filters: look "
        "at how NumPy lines up shapes, from the right.",
        edits={"+ b[:, np.newaxis]": "+ b"},
    ),
    wrong(
        "conv_forward_fast",
        "bias_forgotten",
        hint="The bias is not added.",
        edits={" + b[:, np.newaxis]": ""},
    ),
    wrong(
        "conv_forward_fast",
        "bias_reshaped_in_place",
        hint="Your code changes the shape of b itself, and the caller's b with it. Make a reshaped view or copy.",
        edits={
            "out = w_rows @ cols + b[:, np.newaxis]": ("b.shape = (-1, 1)\n    out = w_rows @ cols + b"),
        },
    ),
    wrong(
        "conv_forward_fast",
        "stride_not_passed_on",
        hint="The windows of the forward pass are taken without the stride: what do you hand on to im2col?",
        edits={
            "cols = im2col(x, kernel_height, kernel_width, stride, pad)": (
                "cols = im2col(x, kernel_height, kernel_width, pad=pad)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "pad_not_passed_on",
        hint="The windows of the forward pass are taken without the padding: what do you hand on to im2col?",
        edits={
            "cols = im2col(x, kernel_height, kernel_width, stride, pad)": (
                "cols = im2col(x, kernel_height, kernel_width, stride)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "no_error",
        hint="A kernel larger than the padded image fits nowhere. You return an empty output; the "
        "contract asks for a ValueError.",
        edits={
            "    cols = im2col(": (
                "    if h_out * w_out == 0:\n"
                "        return np.zeros((num_images, num_filters, h_out, w_out)), None\n"
                "    cols = im2col("
            ),
            "h_out = conv_output_size(height, kernel_height, stride, pad)": (
                "h_out = max(0, (height + 2 * pad - kernel_height) // stride + 1)"
            ),
            "w_out = conv_output_size(width, kernel_width, stride, pad)": (
                "w_out = max(0, (width + 2 * pad - kernel_width) // stride + 1)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "dout_reshaped_without_transposing",
        hint="In dw, gradients of different images and filters are mixed up: to bring the filters to the "
        "front, dout needs a transpose before its reshape.",
        edits={
            "dw = (dout_rows @ cols.transpose(0, 2, 1)).sum(axis=0)": (
                "dw = (dout.reshape(num_filters, -1) @ cols.transpose(1, 0, 2).reshape(cols.shape[1], -1).T)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "dw_averaged_over_batch",
        hint="dw is divided by the number of images. The loss already holds any division; gradients add up.",
        edits={"transpose(0, 2, 1)).sum(axis=0)": "transpose(0, 2, 1)).mean(axis=0)"},
    ),
    wrong(
        "conv_forward_fast",
        "dw_of_the_first_image",
        hint="dw holds the first image alone: sum over the batch.",
        edits={
            "(dout_rows @ cols.transpose(0, 2, 1)).sum(axis=0)": "(dout_rows @ cols.transpose(0, 2, 1))[0]",
        },
    ),
    wrong(
        "conv_forward_fast",
        "dw_left_flat",
        hint="The values of dw are right, but it is still a matrix of rows: a gradient has the shape of "
        "what it belongs to.",
        edits={".sum(axis=0).reshape(w.shape)": ".sum(axis=0)"},
    ),
    wrong(
        "conv_forward_fast",
        "db_per_pixel",
        hint="db is summed over the batch alone: the same bias is added at every pixel.",
        edits={"dout_rows.sum(axis=(0, 2))": "dout_rows.sum(axis=0)"},
    ),
    wrong(
        "conv_forward_fast",
        "db_per_image",
        hint="db is not summed over the batch: all images share one bias per filter.",
        edits={"dout_rows.sum(axis=(0, 2))": "dout_rows.sum(axis=2)"},
    ),
    wrong(
        "conv_forward_fast",
        "db_has_two_axes",
        hint="The values of db are right, but its shape is (F, 1). A gradient has the shape of what it "
        "belongs to: (F,).",
        edits={"dout_rows.sum(axis=(0, 2))": "dout_rows.sum(axis=(0, 2))[:, np.newaxis]"},
    ),
    wrong(
        "conv_forward_fast",
        "kernel_flipped_in_dx",
        hint="dx uses the kernel flipped. Flipping belongs to the formula that convolves dout; the "
        "columns take the weights as they lie.",
        edits={
            "dcols = w_rows.T @ dout_rows": ("dcols = w[:, :, ::-1, ::-1].reshape(num_filters, -1).T @ dout_rows"),
        },
    ),
    wrong(
        "conv_forward_fast",
        "dx_overwritten_where_windows_overlap",
        hint="Where windows overlap, a pixel gets a share of its gradient from each of them; you keep only the last.",
        edits={
            "dx = col2im(dcols, x_shape, kernel_height, kernel_width, stride, pad)": (
                "_, _, height, width = x_shape\n"
                "    h_out, w_out = dout.shape[2:]\n"
                "    dx = np.zeros((*x_shape[:2], height + 2 * pad, width + 2 * pad))\n"
                "    windows = dcols.reshape(*x_shape[:2], kernel_height, kernel_width, h_out, w_out)\n"
                "    for i in range(kernel_height):\n"
                "        for j in range(kernel_width):\n"
                "            dx[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride] = "
                "windows[:, :, i, j]\n"
                "    dx = dx[:, :, pad : pad + height, pad : pad + width]"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "crop_is_empty_without_padding",
        hint="With pad = 0 the slice [pad:-pad] is [0:0], which is empty. Say where the image ends in another way.",
        edits={
            "dx = col2im(dcols, x_shape, kernel_height, kernel_width, stride, pad)": (
                "padded_shape = (*x_shape[:2], x_shape[2] + 2 * pad, x_shape[3] + 2 * pad)\n"
                "    dx = col2im(dcols, padded_shape, kernel_height, kernel_width, stride)[:, :, pad:-pad, "
                "pad:-pad]"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "padding_not_cropped",
        hint="Your dx still has the padding around it. The zeros are not part of x: dx has the shape of x.",
        edits={
            "dx = col2im(dcols, x_shape, kernel_height, kernel_width, stride, pad)": (
                "padded_shape = (*x_shape[:2], x_shape[2] + 2 * pad, x_shape[3] + 2 * pad)\n"
                "    dx = col2im(dcols, padded_shape, kernel_height, kernel_width, stride)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "settings_not_passed_to_col2im",
        hint="The gradients are put back without stride and padding: what do you hand on to col2im?",
        edits={
            "col2im(dcols, x_shape, kernel_height, kernel_width, stride, pad)": (
                "col2im(dcols, x_shape, kernel_height, kernel_width)"
            ),
        },
    ),
    wrong(
        "conv_forward_fast",
        "order_swapped",
        hint="The gradients are returned in the wrong order: dx, dw, db, as the inputs of the forward pass.",
        edits={"return dx, dw, db": "return dw, dx, db"},
    ),
]

RECEPTIVE_FIELD = [
    wrong(
        "receptive_field",
        "kernel_size_alone",
        hint="Your field depends on the kernels alone. Strides and dilations matter too: neighbouring "
        "units of a layer with stride 2 lie 2 pixels apart.",
        edits={"field += dilation * (kernel - 1) * jump": "field += kernel - 1"},
    ),
    wrong(
        "receptive_field",
        "stride_ignored",
        hint="Strides make no difference to your field. Behind a layer with stride 2, one step between "
        "neighbouring units is two pixels of the image.",
        edits={"jump *= stride": "jump *= 1"},
    ),
    wrong(
        "receptive_field",
        "own_stride_counted",
        hint="You let a layer's stride widen the layer's own kernel. A stride spreads the units behind "
        "it: only the strides of the layers before count for a kernel.",
        edits={
            ("field += dilation * (kernel - 1) * jump\n        jump *= stride"): (
                "jump *= stride\n        field += dilation * (kernel - 1) * jump"
            ),
        },
    ),
    wrong(
        "receptive_field",
        "last_stride_only",
        hint="You use the stride of one layer where the strides of all layers before it count together.",
        edits={"jump *= stride": "jump = stride"},
    ),
    wrong(
        "receptive_field",
        "strides_added",
        hint="You add the strides up. Two layers of stride 2 and 3 move the units 2 * 3 pixels apart: they multiply.",
        edits={"jump *= stride": "jump += stride - 1"},
    ),
    wrong(
        "receptive_field",
        "dilation_ignored",
        hint="Dilations make no difference to your field: a kernel of 3 with dilation 2 reaches over 5 pixels.",
        edits={"dilation * (kernel - 1) * jump": "(kernel - 1) * jump"},
    ),
    wrong(
        "receptive_field",
        "dilation_off_by_one",
        hint="Your dilated kernel is too long: dilation spreads the gaps between the taps, and there is "
        "no gap behind the last tap.",
        edits={"dilation * (kernel - 1) * jump": "(dilation * kernel - 1) * jump"},
    ),
    wrong(
        "receptive_field",
        "dilation_kept_for_later_layers",
        hint="You let a layer's dilation widen the layers behind it. It spreads the taps of its own "
        "kernel; it does not move the units apart as a stride does.",
        edits={"jump *= stride": "jump *= stride * dilation"},
    ),
    wrong(
        "receptive_field",
        "starts_from_zero",
        hint="Your field is one too small: with no layer at all a unit is a pixel, and sees one.",
        edits={"field = 1": "field = 0"},
    ),
    wrong(
        "receptive_field",
        "kernels_added_whole",
        hint="You add the whole kernel for each layer. The windows of neighbouring units overlap: how "
        "many new pixels does a second 3x3 layer bring?",
        edits={"dilation * (kernel - 1) * jump": "dilation * kernel * jump"},
    ),
    wrong(
        "receptive_field",
        "kernels_multiplied",
        hint="You multiply the kernel sizes, as if windows did not overlap. Draw two layers with a "
        "kernel of 3 and count.",
        edits={"field += dilation * (kernel - 1) * jump": "field *= 1 + dilation * (kernel - 1)"},
    ),
    wrong(
        "receptive_field",
        "layers_in_reverse",
        hint="You go through the layers from the last to the first with a rule that is made for the other direction.",
        edits={"in layers:": "in layers[::-1]:"},
    ),
    wrong(
        "receptive_field",
        "field_scaled_by_stride",
        hint="Going down a layer, r units need r-1 steps of the stride and then one whole kernel; you take r steps.",
        edits={
            "in layers:": "in reversed(layers):",
            "field += dilation * (kernel - 1) * jump": "field = field * stride + dilation * (kernel - 1)",
        },
    ),
    wrong(
        "receptive_field",
        "area_instead_of_side",
        hint="You return the number of pixels in the square. The field is asked for along one axis.",
        edits={"return field": "return field**2"},
    ),
    wrong(
        "receptive_field",
        "first_layer_for_all",
        hint="Your formula takes all layers to be like the first one.",
        edits={"in layers:": "in [layers[0]] * len(layers) if layers else []:"},
    ),
    wrong(
        "receptive_field",
        "last_layer_left_out",
        hint="The last layer is missing: the field is asked for BEHIND it.",
        edits={"in layers:": "in layers[:-1]:"},
    ),
    wrong(
        "receptive_field",
        "total_stride_for_every_layer",
        hint="You spread every kernel by the product of all strides. A kernel is spread by the strides "
        "before it alone.",
        edits={
            "jump = 1  #": "jump = int(np.prod([stride for _, stride, _ in layers]))  #",
            "jump *= stride": "jump *= 1",
        },
    ),
]

COMPOSE = [
    wrong(
        "compose_kernels",
        "second_kernel_flipped",
        hint="You slide one kernel over the other as in a cross-correlation, so one of them ends up "
        "backwards. Follow one input pixel through both steps: which tap of k1 and which of k2 meet in "
        "the first tap of k?",
        edits={"+= k2[i, j] * k1": "+= k2[h2 - 1 - i, w2 - 1 - j] * k1"},
    ),
    wrong(
        "compose_kernels",
        "first_kernel_flipped",
        hint="k1 ends up backwards in your result. Follow one input pixel through both steps: which tap "
        "of k1 and which of k2 meet in the first tap of k?",
        edits={"+= k2[i, j] * k1": "+= k2[i, j] * k1[::-1, ::-1]"},
    ),
    wrong(
        "compose_kernels",
        "result_flipped",
        hint="Your result is turned by 180 degrees: deep learning's convolution does not flip the kernel.",
        edits={"return k": "return k[::-1, ::-1]"},
    ),
    wrong(
        "compose_kernels",
        "overlaps_overwritten",
        hint="Several pairs of taps meet in the same tap of k. You keep only the last: they add up.",
        edits={"+= k2[i, j] * k1": "= k2[i, j] * k1"},
    ),
    wrong(
        "compose_kernels",
        "same_size_as_the_first",
        hint="Your k is as large as k1. The second step looks at several outputs of the first, so k "
        "reaches further than either: (h1+h2-1, w1+w2-1).",
        edits={
            "return k": "return k[(h2 - 1) // 2 : (h2 - 1) // 2 + h1, (w2 - 1) // 2 : (w2 - 1) // 2 + w1]",
        },
    ),
    wrong(
        "compose_kernels",
        "one_row_and_column_too_many",
        hint="Your k has a row and a column too many: two kernels of one pixel make one pixel.",
        edits={"np.zeros((h1 + h2 - 1, w1 + w2 - 1))": "np.zeros((h1 + h2, w1 + w2))"},
    ),
    wrong(
        "compose_kernels",
        "square_assumed",
        hint="You take the result to be square.",
        edits={"np.zeros((h1 + h2 - 1, w1 + w2 - 1))": "np.zeros((h1 + h2 - 1, h1 + h2 - 1))"},
    ),
    wrong(
        "compose_kernels",
        "second_kernel_transposed",
        hint="You exchange the rows and the columns of k2.",
        edits={
            "h2, w2 = k2.shape": ("k2 = k2.T\n    h2, w2 = k2.shape"),
        },
    ),
    wrong(
        "compose_kernels",
        "kernels_added",
        hint="You add the two kernels. That is what two steps side by side do; here the second works on "
        "the result of the first.",
        edits={
            "for i in range(h2):": ("k[:h1, :w1] += k1\n    k[:h2, :w2] += k2\n    for i in range(0):"),
        },
    ),
    wrong(
        "compose_kernels",
        "elementwise_product",
        hint="You multiply the kernels tap by tap. Every tap of k2 meets every tap of k1.",
        edits={
            "for i in range(h2):": (
                "height, width = min(h1, h2), min(w1, w2)\n"
                "    k[:height, :width] = k1[:height, :width] * k2[:height, :width]\n"
                "    for i in range(0):"
            ),
        },
    ),
    wrong(
        "compose_kernels",
        "matrix_product",
        hint="You use the matrix product. Every tap of k2 meets every tap of k1, and the products are "
        "added by where they fall.",
        edits={"return k": "return k1 @ k2"},
    ),
    wrong(
        "compose_kernels",
        "kronecker_product",
        hint="You put the copies of k1 side by side. The taps of k2 are one pixel apart, so the copies "
        "overlap and add up.",
        edits={"return k": "return np.kron(k2, k1)"},
    ),
    wrong(
        "compose_kernels",
        "normalised",
        hint="You divide k so that its taps sum to one. The two steps do not do that; and an edge filter sums to zero.",
        edits={"return k": "return k / k.sum()"},
    ),
    wrong(
        "compose_kernels",
        "rows_only",
        hint="Only the first row of k2 is used.",
        edits={"for i in range(h2):": "for i in range(1):"},
    ),
]

FC_TO_CONV = [
    wrong(
        "fc_to_conv",
        "channels_last",
        hint="Your kernel is (out, h, w, c). PyTorch and NumPy here keep the channels before height and width.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, h, w, c)"},
    ),
    wrong(
        "fc_to_conv",
        "channels_read_last",
        hint="The shape is right and the weights are in the wrong places: the volume was flattened with "
        "the channels outermost, so the first h*w weights belong to the first channel.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, h, w, c).transpose(0, 3, 1, 2)"},
    ),
    wrong(
        "fc_to_conv",
        "height_and_width_swapped",
        hint="Your kernel exchanges height and width.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, c, w, h)"},
    ),
    wrong(
        "fc_to_conv",
        "column_major",
        hint="You fill the kernel in column-major order; the volume was flattened in row-major order, as "
        "NumPy does by default.",
        edits={"weight.reshape(num_out, c, h, w)": 'weight.reshape((num_out, c, h, w), order="F")'},
    ),
    wrong(
        "fc_to_conv",
        "rows_read_column_by_column",
        hint="The channels are right, but inside each of them the weights are read column by column.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, c, w, h).swapaxes(2, 3)"},
    ),
    wrong(
        "fc_to_conv",
        "weight_transposed",
        hint="You read the weights as if the inputs came first. A row of `weight` is one output.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.T.reshape(num_out, c, h, w)"},
    ),
    wrong(
        "fc_to_conv",
        "channels_before_outputs",
        hint="Your kernel is (c, out, h, w). A convolution's kernel has its outputs first.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, c, h, w).swapaxes(0, 1)"},
    ),
    wrong(
        "fc_to_conv",
        "kernel_flipped",
        hint="Your kernel is flipped. Deep learning's convolution does not flip, so the weights stay as they lie.",
        edits={"weight.reshape(num_out, c, h, w)": "weight.reshape(num_out, c, h, w)[:, :, ::-1, ::-1]"},
    ),
    wrong(
        "fc_to_conv",
        "kernel_of_one_pixel",
        hint="You make a 1x1 kernel over c*h*w channels. The volume has c channels; the kernel must "
        "cover its h x w pixels.",
        edits={"weight.reshape(num_out, c, h, w)": "weight[:, :, None, None]"},
    ),
    wrong(
        "fc_to_conv",
        "bias_dropped",
        hint="The bias of the convolution is not that of the layer: it stays as it is.",
        edits={
            "weight.reshape(num_out, c, h, w), bias": "weight.reshape(num_out, c, h, w), np.zeros_like(bias)",
        },
    ),
    wrong(
        "fc_to_conv",
        "bias_reshaped",
        hint="A convolution's bias has the shape (out,), as that of the fully connected layer: it stays as it is.",
        edits={
            "weight.reshape(num_out, c, h, w), bias": "weight.reshape(num_out, c, h, w), bias[:, None, None]",
        },
    ),
    wrong(
        "fc_to_conv",
        "weight_reshaped_in_place",
        hint="Your code changes the shape of `weight` itself, and the caller's with it. Make a reshaped view instead.",
        edits={
            "return weight.reshape(num_out, c, h, w), bias": (
                "weight.shape = (num_out, c, h, w)\n    return weight, bias"
            ),
        },
    ),
    wrong(
        "fc_to_conv",
        "no_error",
        hint="A weight whose columns are a multiple of c*h*w slips through and gives more outputs than "
        "there are. Compare the number of columns before you reshape.",
        edits={
            "if num_in != c * h * w:": "if False:",
            "weight.reshape(num_out, c, h, w)": "weight.reshape(-1, c, h, w)",
        },
    ),
    wrong(
        "fc_to_conv",
        "asserts_instead_of_raising",
        hint="You use `assert` to refuse the input, which raises an AssertionError. The contract asks "
        "for a ValueError.",
        edits={
            "if num_in != c * h * w:": ("assert num_in == c * h * w\n    if False:"),
        },
    ),
]

CONV2D_FUNCTION = [
    wrong(
        "Conv2dFunction",
        "kernel_flipped",
        hint="The forward pass flips the kernel. What deep learning calls convolution is "
        "cross-correlation: the kernel is laid on the image as it is.",
        edits={
            ("w_rows = w.reshape(groups, num_filters // groups, -1)  # (G, F/G, C/G*HH*WW)\n        out ="): (
                "w_rows = w.flip(2, 3).reshape(groups, num_filters // groups, -1)\n        out ="
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "groups_interleaved",
        hint="You deal the filters out to the groups in turn. Groups are blocks: the first F/groups "
        "filters see the first C/groups channels.",
        edits={
            "out = (w_rows @ cols).reshape(": (
                "w_rows = w.reshape(num_filters // groups, groups, -1).transpose(0, 1)\n"
                "        out = (w_rows @ cols).transpose(1, 2).reshape("
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "pads_with_edge_values",
        hint="You continue the image with copies of its border. The padding of a convolution is made of zeros.",
        edits={
            "cols = F.unfold(x, (kernel_height, kernel_width), dilation, padding, stride)": (
                "vertical, horizontal = padding\n"
                '        edged = F.pad(x, (horizontal, horizontal, vertical, vertical), mode="replicate")\n'
                "        cols = F.unfold(edged, (kernel_height, kernel_width), dilation, 0, stride)"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "bias_forgotten",
        hint="The bias is not added to the output.",
        edits={"out = out + b[:, None, None]": "out = out + 0 * b[:, None, None]"},
    ),
    wrong(
        "Conv2dFunction",
        "x_gets_no_gradient",
        hint="dx is None: the layers before this one would never learn.",
        edits={"return dx, dw, db, None": "return None, dw, db, None"},
    ),
    wrong(
        "Conv2dFunction",
        "kernel_flipped_in_dx",
        hint="dx uses the kernel flipped. Flipping belongs to the formula that convolves dout; the "
        "columns take the weights as they lie.",
        edits={
            "dcols = w_rows.transpose(-1, -2) @ dout_rows": (
                "w_rows = w.flip(2, 3).reshape(groups, num_filters // groups, -1)\n"
                "        dcols = w_rows.transpose(-1, -2) @ dout_rows"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "dw_averaged_over_batch",
        hint="dw is divided by the number of images. The loss already holds any division; gradients add up.",
        edits={".sum(dim=0).reshape(w.shape)": ".mean(dim=0).reshape(w.shape)"},
    ),
    wrong(
        "Conv2dFunction",
        "dw_of_the_first_image",
        hint="dw holds the first image alone: sum over the batch.",
        edits={".sum(dim=0).reshape(w.shape)": "[0].reshape(w.shape)"},
    ),
    wrong(
        "Conv2dFunction",
        "db_averaged",
        hint="db is averaged over positions and images. The loss already holds any division; gradients add up.",
        edits={"dout.sum(dim=(0, 2, 3))": "dout.mean(dim=(0, 2, 3))"},
    ),
    wrong(
        "Conv2dFunction",
        "upstream_ignored",
        hint="dx and dw do not use the upstream gradient dout: they are right for out.sum() alone.",
        edits={"dout_rows = dout.reshape(": "dout_rows = torch.ones_like(dout).reshape("},
    ),
    wrong(
        "Conv2dFunction",
        "missing_bias_not_handled",
        hint="b may be None: then there is nothing to add.",
        edits={"if b is not None:": "if True:"},
    ),
    wrong(
        "Conv2dFunction",
        "gradient_for_a_missing_bias",
        hint="Where b is None your backward pass still returns a gradient for it. Autograd refuses a "
        "gradient for what is no tensor: look at ctx.needs_input_grad.",
        edits={"if ctx.needs_input_grad[2] else None": ""},
    ),
    wrong(
        "Conv2dFunction",
        "needs_a_contiguous_upstream",
        hint="Your backward pass stops when the upstream gradient is not contiguous in memory, as after "
        "sum() or expand(). view() demands that; another method does the same and copies where it must.",
        edits={"dout_rows = dout.reshape(": "dout_rows = dout.view("},
    ),
    wrong(
        "Conv2dFunction",
        "always_float64",
        hint="Your output is float64 whatever goes in: dtype (and device) should follow x.",
        edits={
            "        return out\n": "        return out.double()\n",
        },
    ),
    wrong(
        "Conv2dFunction",
        "stride_pair_reversed",
        hint="You read the stride as (horizontal, vertical). It is (vertical, horizontal), as the axes H and W of x.",
        edits={
            'stride, dilation = pair(stride, "stride"),': 'stride, dilation = pair(stride, "stride")[::-1],',
        },
    ),
    wrong(
        "Conv2dFunction",
        "padding_pair_reversed",
        hint="You read the padding as (horizontal, vertical). It is (vertical, horizontal); mind that "
        "torch's F.pad takes the last axis first.",
        edits={'pair(padding, "padding", minimum=0)': 'pair(padding, "padding", minimum=0)[::-1]'},
    ),
    wrong(
        "Conv2dFunction",
        "dilation_pair_reversed",
        hint="You read the dilation as (horizontal, vertical). It is (vertical, horizontal), as the axes H and W of x.",
        edits={'pair(dilation, "dilation")': 'pair(dilation, "dilation")[::-1]'},
    ),
    wrong(
        "Conv2dFunction",
        "groups_ignored",
        hint="You connect every filter to every channel. With groups, the filters of a group see the "
        "channels of that group alone.",
        edits={
            "ctx, x, w, b, stride, padding, dilation, groups):": (
                "ctx, x, w, b, stride, padding, dilation, groups):\n        groups = 1"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "dilation_ignored",
        hint="`dilation` makes no difference to your output.",
        edits={'pair(dilation, "dilation")': "(1, 1)"},
    ),
    wrong(
        "Conv2dFunction",
        "dilation_ignored_in_backward",
        hint="The backward pass works with dilation 1, whatever the forward pass did.",
        edits={
            "stride, padding, dilation, groups = ctx.settings": (
                "stride, padding, _, groups = ctx.settings\n        dilation = (1, 1)"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "left_over_pixels_lost",
        hint="Where the stride leaves rows or columns over, your dx is smaller than x: their gradient is "
        "zero, but they are there.",
        edits={
            "kernel_size, image_size = w.shape[2:], x.shape[2:]": (
                "kernel_size = w.shape[2:]\n"
                "        image_size = [(n - 1) * s + d * (k - 1) + 1 - 2 * p for n, s, d, k, p in "
                "zip(dout.shape[2:], stride, dilation, kernel_size, padding)]"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "stride_ignored_in_backward",
        hint="The backward pass works with stride 1, whatever the forward pass did.",
        edits={
            "stride, padding, dilation, groups = ctx.settings": (
                "_, padding, dilation, groups = ctx.settings\n        stride = (1, 1)"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "padding_ignored",
        hint="`padding` makes no difference to your output.",
        edits={'pair(padding, "padding", minimum=0)': "(0, 0)"},
    ),
    wrong(
        "Conv2dFunction",
        "padding_not_cropped",
        hint="Your dx still has the padding around it. The zeros are not part of x: dx has the shape of x.",
        edits={
            "F.fold(dcols.flatten(1, 2), image_size, kernel_size, dilation, padding, stride)": (
                "F.fold(dcols.flatten(1, 2), [n + 2 * p for n, p in zip(image_size, padding)], "
                "kernel_size, dilation, 0, stride)"
            ),
        },
    ),
    wrong(
        "Conv2dFunction",
        "pairs_not_accepted",
        hint="Stride, padding and dilation may be ints or (vertical, horizontal) pairs; you take them to be ints.",
        edits={
            'pair(stride, "stride"), pair(dilation, "dilation")': "(stride, stride), (dilation, dilation)",
            'pair(padding, "padding", minimum=0)': "(padding, padding)",
        },
    ),
    wrong(
        "Conv2dFunction",
        "bias_along_the_width",
        hint="The bias runs along the last axis, the width. It belongs to the axis of the filters: look "
        "at how shapes are lined up, from the right.",
        edits={"out = out + b[:, None, None]": "out = out + b"},
    ),
    wrong(
        "Conv2dFunction",
        "ints_not_accepted",
        hint="Stride, padding and dilation may be ints or (vertical, horizontal) pairs; you take them to be pairs.",
        edits={
            'stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")': (
                "stride, dilation = tuple(stride), tuple(dilation)"
            ),
            'pair(padding, "padding", minimum=0)': "tuple(padding)",
        },
    ),
    wrong(
        "Conv2dFunction",
        "dilation_counted_as_holes",
        hint="You put `dilation` holes between neighbouring taps. Here dilation is the distance between "
        "them: 1 is an ordinary kernel, without holes.",
        edits={'pair(dilation, "dilation")': 'tuple(d + 1 for d in pair(dilation, "dilation"))'},
    ),
    wrong(
        "Conv2dFunction",
        "square_kernel_assumed",
        hint="You take the kernel to be square: its width need not be its height.",
        edits={"F.unfold(x, (kernel_height, kernel_width),": "F.unfold(x, (kernel_height, kernel_height),"},
    ),
    wrong(
        "Conv2dFunction",
        "too_few_gradients",
        hint="backward must return one value for each argument of forward: stride, padding, dilation and "
        "groups count too, and have no gradient.",
        edits={"return dx, dw, db, None, None, None, None": "return dx, dw, db"},
    ),
]

WRONG = [
    *OUTPUT_SIZE,
    *COST,
    *FORWARD_NAIVE,
    *BACKWARD_NAIVE,
    *IM2COL,
    *FAST,
    *RECEPTIVE_FIELD,
    *COMPOSE,
    *FC_TO_CONV,
    *CONV2D_FUNCTION,
]
