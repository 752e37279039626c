// Package paceboard is a client of Paceboard's API.
//
// The types of requests and answers are generated from http/openapi.yaml; requests are
// written by hand, since a generated client of all operations is fifteen times as long.
// [Client] is the way in: it has methods for what apps and tools do most, and
// [Client.Call] for every other operation. A refusal is an [*Error] with the problem
// that the server sent. The package logs nothing and starts no goroutine.
package paceboard

//go:generate go tool -modfile=../../tools/clients/oapi/go.mod oapi-codegen -config oapi-codegen.yaml -o types.gen.go ../../http/openapi.yaml
