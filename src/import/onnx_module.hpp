#pragma once

#include <string>

#include "import/onnx_graph.hpp"

/// What the module of src/onnx offers, under a name that dlsym can find: reads an ONNX file.
/// False, with what is wrong in `error`, if it is none; throws nothing.
extern "C" bool vpinfer_read_onnx(const char* path, vpinfer::OnnxGraph& graph, std::string& error);
