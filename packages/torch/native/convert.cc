#include "convert.h"

#include <ATen/core/jit_type.h>

#include <cmath>
#include <limits>

#include "slots.h"

namespace orrery {

namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

Kind kindOf(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return Kind::Tensor;
    case c10::TypeKind::FloatType: return Kind::Float;
    case c10::TypeKind::BoolType: return Kind::Bool;
    case c10::TypeKind::NumberType: return Kind::Scalar;
    case c10::TypeKind::StringType: return Kind::String;
    case c10::TypeKind::DeviceObjType: return Kind::Device;
    case c10::TypeKind::GeneratorType: return Kind::Generator;
    // Dtypes, layouts and memory formats travel as their enum's number.
    case c10::TypeKind::ScalarTypeType:
    case c10::TypeKind::LayoutType:
    case c10::TypeKind::MemoryFormatType: return Kind::Int;
    default: return compat::isIntKind(type->kind()) ? Kind::Int : Kind::Unsupported;
  }
}

const char* nameOf(Kind kind) {
  switch (kind) {
    case Kind::Tensor: return "a Tensor";
    case Kind::Int: return "an integer";
    case Kind::Float: return "a number";
    case Kind::Bool: return "a boolean";
    case Kind::Scalar: return "a number, bigint or boolean";
    case Kind::String: return "a string";
    case Kind::Device: return "a device such as \"cpu\" or \"cuda:0\"";
    case Kind::Generator: return "a Generator";
    case Kind::List: return "an array";
    default: return "of a type this addon can pass";
  }
}

std::string describe(napi_env env, napi_value value) {
  const napi_valuetype type = typeOf(env, value);
  if (type == napi_undefined) return "undefined";
  napi_value text;
  if (type == napi_symbol || napi_coerce_to_string(env, value, &text) != napi_ok) return "something else";
  return toString(env, text);
}

[[noreturn]] void mismatch(napi_env env, napi_value value, Kind wanted) {
  throw UsageError(std::string("must be ") + nameOf(wanted) + ", got " + describe(env, value));
}

int64_t toInt(napi_env env, napi_value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    if (number != std::floor(number) || std::abs(number) > kMaxSafeInteger) mismatch(env, value, Kind::Int);
    return static_cast<int64_t>(number);
  }
  if (typeOf(env, value) != napi_bigint) mismatch(env, value, Kind::Int);
  int64_t big = 0;
  bool lossless = false;
  check(env, napi_get_value_bigint_int64(env, value, &big, &lossless));
  if (!lossless) mismatch(env, value, Kind::Int);
  return big;
}

double toFloat(napi_env env, napi_value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) mismatch(env, value, Kind::Float);
  return number;
}

bool toBoolean(napi_env env, napi_value value) {
  bool flag = false;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) mismatch(env, value, Kind::Bool);
  return flag;
}

// JS has one number type: whole numbers become integer scalars, so that `intTensor.mul(2)` stays an integer.
c10::Scalar toScalar(napi_env env, napi_value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    const bool whole = number == std::floor(number) && std::abs(number) <= kMaxSafeInteger;
    const bool negativeZero = number == 0 && std::signbit(number);
    if (whole && !negativeZero) return c10::Scalar(static_cast<int64_t>(number));
    return c10::Scalar(number);
  }
  switch (typeOf(env, value)) {
    case napi_boolean: return c10::Scalar(toBool(env, value));
    case napi_bigint: return c10::Scalar(toInt(env, value));
    default: mismatch(env, value, Kind::Scalar);
  }
}

const at::Generator& toGenerator(napi_env env, napi_value value) {
  int32_t handle = 0;
  if (napi_get_value_int32(env, value, &handle) != napi_ok || !generators().has(handle)) {
    mismatch(env, value, Kind::Generator);
  }
  return generators()[handle];
}

const at::Tensor& toTensor(napi_env env, napi_value value) {
  int32_t handle = 0;
  if (napi_get_value_int32(env, value, &handle) != napi_ok) mismatch(env, value, Kind::Tensor);
  if (!tensors().has(handle)) {
    throw UsageError(
        "was freed already (by free() or at the end of a scope). Return the tensor from the scope, or keep() it");
  }
  return tensors()[handle];
}

template <class T, class Convert>
c10::IValue toList(napi_env env, napi_value value, Kind element, int32_t fixedLength, Convert convert) {
  c10::List<T> list;
  bool isArray = false;
  check(env, napi_is_array(env, value, &isArray));
  if (!isArray) {
    if (fixedLength <= 0) mismatch(env, value, Kind::List);
    const T item = convert(env, value);  // int[2] takes 3 for [3, 3]
    for (int32_t i = 0; i < fixedLength; i++) list.push_back(item);
    return list;
  }
  uint32_t length = 0;
  check(env, napi_get_array_length(env, value, &length));
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, value, i, &item));
    list.push_back(convert(env, item));
  }
  return list;
}

c10::IValue toOptionalTensorList(napi_env env, napi_value value) {
  using Item = compat::Optional<at::Tensor>;
  return toList<Item>(env, value, Kind::Tensor, 0, [](napi_env e, napi_value v) -> Item {
    if (isNullish(e, v)) return Item();
    return Item(toTensor(e, v));
  });
}

c10::IValue toListValue(napi_env env, napi_value value, const Plan& plan) {
  switch (plan.element) {
    case Kind::Tensor:
      if (plan.optionalElement) return toOptionalTensorList(env, value);
      return toList<at::Tensor>(env, value, plan.element, 0, toTensor);
    case Kind::Int: return toList<int64_t>(env, value, plan.element, plan.length, toInt);
    case Kind::Float: return toList<double>(env, value, plan.element, plan.length, toFloat);
    case Kind::Bool: return toList<bool>(env, value, plan.element, plan.length, toBoolean);
    case Kind::Scalar: return toList<c10::Scalar>(env, value, plan.element, 0, toScalar);
    default: mismatch(env, value, Kind::Unsupported);
  }
}

napi_value fromScalar(napi_env env, const c10::Scalar& scalar) {
  if (scalar.isBoolean()) return fromBool(env, scalar.toBool());
  if (scalar.isFloatingPoint()) return fromDouble(env, scalar.toDouble());
  if (scalar.isComplex()) throw UsageError("the result is a complex number, which has no JS counterpart");
  const int64_t value = scalar.toLong();
  if (std::abs(static_cast<double>(value)) <= kMaxSafeInteger) return fromDouble(env, static_cast<double>(value));
  napi_value big;
  check(env, napi_create_bigint_int64(env, value, &big));
  return big;
}

}  // namespace

Plan planFor(const c10::TypePtr& type, compat::Optional<int32_t> length) {
  Plan plan;
  c10::TypePtr inner = type;
  if (auto optional = inner->cast<c10::OptionalType>()) {
    plan.optional = true;
    inner = optional->getElementType();
  }
  if (auto list = inner->cast<c10::ListType>()) {
    c10::TypePtr element = list->getElementType();
    if (auto optional = element->cast<c10::OptionalType>()) {
      plan.optionalElement = true;
      element = optional->getElementType();
    }
    plan.element = kindOf(element);
    const bool passable = plan.element != Kind::Unsupported && (!plan.optionalElement || plan.element == Kind::Tensor);
    plan.kind = passable ? Kind::List : Kind::Unsupported;
    plan.length = length ? *length : 0;
    return plan;
  }
  plan.kind = kindOf(inner);
  return plan;
}

c10::IValue toIValue(napi_env env, napi_value value, const Plan& plan) {
  if (plan.kind == Kind::Tensor) {  // the common case first: a valid handle needs no further look at the type
    int32_t handle = 0;
    if (napi_get_value_int32(env, value, &handle) == napi_ok && tensors().has(handle)) return tensors()[handle];
    if (plan.optional && isNullish(env, value)) return c10::IValue();
    return toTensor(env, value);
  }
  if (plan.optional && isNullish(env, value)) return c10::IValue();
  switch (plan.kind) {
    case Kind::Int: return toInt(env, value);
    case Kind::Float: return toFloat(env, value);
    case Kind::Bool: return toBoolean(env, value);
    case Kind::Scalar: return toScalar(env, value);
    case Kind::String:
      if (typeOf(env, value) != napi_string) mismatch(env, value, Kind::String);
      return toString(env, value);
    case Kind::Device:
      if (typeOf(env, value) != napi_string) mismatch(env, value, Kind::Device);
      return c10::Device(toString(env, value));
    case Kind::Generator: return toGenerator(env, value);
    case Kind::List: return toListValue(env, value, plan);
    default: mismatch(env, value, Kind::Unsupported);
  }
}

napi_value fromIValue(napi_env env, const c10::IValue& value) {
  if (value.isTensor()) return fromInt32(env, hold(value.toTensor()));
  if (value.isNone()) return undefined(env);
  if (value.isBool()) return fromBool(env, value.toBool());
  if (value.isInt()) return fromScalar(env, c10::Scalar(value.toInt()));
  if (value.isDouble()) return fromDouble(env, value.toDouble());
  if (value.isScalar()) return fromScalar(env, value.toScalar());
  if (value.isString()) return fromString(env, value.toStringRef());
  if (value.isDevice()) return fromString(env, value.toDevice().str());
  if (value.isTensorList()) {
    return fromList(env, value.toTensorVector(), [](napi_env e, const at::Tensor& t) { return fromInt32(e, hold(t)); });
  }
  if (value.isList()) {
    return fromList(env, value.toListRef(), [](napi_env e, const c10::IValue& v) { return fromIValue(e, v); });
  }
  throw UsageError("the result has type " + value.tagKind() + ", which has no JS counterpart");
}

}  // namespace orrery
