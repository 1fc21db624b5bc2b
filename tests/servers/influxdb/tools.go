//go:build tools

// Package tools names the programs that the tests build, so that go.mod and go.sum pin them and all they need.
// It is never compiled: the build tag above is set by nobody.
package tools

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
