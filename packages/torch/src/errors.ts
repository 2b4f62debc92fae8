import { OrreryError } from "@orrery/core";

/**
 * An operator or native call refused its arguments. The message names the operator, says what was wrong in libtorch's own words, and
 * lists the tensor arguments with dtype and shape.
 */
export class TorchError extends OrreryError {}
