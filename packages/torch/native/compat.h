// Everything that differs between libtorch 1.13 and 2.x, so that no other file mentions a version.
#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/version.h>

#include <optional>

#define ORRERY_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace orrery::compat {

// 1.x has its own optional; from 2.2 on c10::optional is std::optional and later its alias is gone.
#if ORRERY_TORCH_AT_LEAST(2, 2)
template <class T>
using Optional = std::optional<T>;
#else
template <class T>
using Optional = c10::optional<T>;
#endif

// SymInt may hide behind a fake `int` type or show itself, depending on the version.
inline bool isIntKind(c10::TypeKind kind) {
  return kind == c10::TypeKind::IntType || kind == c10::TypeKind::SymIntType;
}

// 2.4 gave autocast one API with a device argument; before, CPU and GPU had functions of their own.
struct AutocastState {
  bool enabled;
  at::ScalarType dtype;
};

inline AutocastState getAutocast(c10::DeviceType device) {
#if ORRERY_TORCH_AT_LEAST(2, 4)
  return {at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
#else
  if (device == c10::DeviceType::CPU) return {at::autocast::is_cpu_enabled(), at::autocast::get_autocast_cpu_dtype()};
  return {at::autocast::is_enabled(), at::autocast::get_autocast_gpu_dtype()};
#endif
}

inline void setAutocast(c10::DeviceType device, AutocastState state) {
#if ORRERY_TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_enabled(device, state.enabled);
  at::autocast::set_autocast_dtype(device, state.dtype);
#else
  if (device == c10::DeviceType::CPU) {
    at::autocast::set_cpu_enabled(state.enabled);
    at::autocast::set_autocast_cpu_dtype(state.dtype);
  } else {
    at::autocast::set_enabled(state.enabled);
    at::autocast::set_autocast_gpu_dtype(state.dtype);
  }
#endif
}

}  // namespace orrery::compat
