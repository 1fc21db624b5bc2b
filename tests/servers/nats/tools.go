//go:build tools

// Package tools names the program that the tests build, so that go.mod and go.sum pin it and all it needs.
// It is never compiled: the build tag above is set by nobody.
package tools

import _ "github.com/nats-io/nats-server/v2"
