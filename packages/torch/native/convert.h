// JS values to libtorch's IValue and back, driven by an operator's own schema.
#pragma once

#include <ATen/core/ivalue.h>

#include "compat.h"
#include "napi_util.h"

namespace orrery {

enum class Kind : uint8_t { Tensor, Int, Float, Bool, Scalar, String, Device, Generator, List, Unsupported };

// How one argument or result is converted; worked out once per operator.
struct Plan {
  Kind kind = Kind::Unsupported;
  Kind element = Kind::Unsupported;  // of a list
  bool optional = false;             // the value itself may be absent
  bool optionalElement = false;      // Tensor?[]
  int32_t length = 0;                // of a fixed-size list such as int[2], which also takes one number
};

Plan planFor(const c10::TypePtr& type, compat::Optional<int32_t> length);

// Throws UsageError saying what `value` should have been.
c10::IValue toIValue(napi_env env, napi_value value, const Plan& plan);
napi_value fromIValue(napi_env env, const c10::IValue& value);

}  // namespace orrery
