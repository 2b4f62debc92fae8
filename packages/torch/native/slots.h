// Tensors and generators that JS holds, by small integer handles.
//
// A handle costs nothing to pass through Node-API, while a wrapped native object costs about 0.3 us to make
// and has to be finalised by the garbage collector. Handle 0 is never used: it is what a freed JS tensor holds.
// Each thread (Node worker) has a table of its own; handles are not valid across threads.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <node_api.h>

#include <vector>

namespace orrery {

template <class T>
class SlotTable {
 public:
  int32_t add(T value) {
    live_++;
    if (!free_.empty()) {
      const int32_t handle = free_.back();
      free_.pop_back();
      slots_[handle] = std::move(value);
      used_[handle] = true;
      return handle;
    }
    slots_.push_back(std::move(value));
    used_.push_back(true);
    return static_cast<int32_t>(slots_.size() - 1);
  }

  bool has(int32_t handle) const {
    return handle > 0 && static_cast<size_t>(handle) < slots_.size() && used_[handle];
  }

  const T& operator[](int32_t handle) const { return slots_[handle]; }
  T& operator[](int32_t handle) { return slots_[handle]; }

  void remove(int32_t handle) {
    if (!has(handle)) return;
    // Moved out first: releasing a tensor can run arbitrary destructors, which must find the table consistent.
    T dying = std::move(slots_[handle]);
    slots_[handle] = T();
    used_[handle] = false;
    free_.push_back(handle);
    live_--;
  }

  void clear() {
    for (size_t i = 1; i < slots_.size(); i++) remove(static_cast<int32_t>(i));
  }

  size_t live() const { return live_; }
  size_t size() const { return slots_.size(); }

 private:
  std::vector<T> slots_ = std::vector<T>(1);  // slot 0 stays empty
  std::vector<bool> used_ = std::vector<bool>(1, false);
  std::vector<int32_t> free_;
  size_t live_ = 0;
};

SlotTable<at::Tensor>& tensors();
SlotTable<at::Generator>& generators();

// The tensor behind a JS handle; throws UsageError naming `what` if it was freed or is no handle.
const at::Tensor& tensorAt(napi_env env, napi_value handle, const char* what = "tensor");

// The same for a JS array of handles.
std::vector<at::Tensor> tensorsAt(napi_env env, napi_value handles, const char* what);

inline int32_t hold(at::Tensor tensor) { return tensors().add(std::move(tensor)); }

}  // namespace orrery
