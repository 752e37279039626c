package control

import "errors"

// ErrNoServer is returned where no server runs on a folder.
var ErrNoServer = errors.New("no server runs on this folder")

// ErrInUse is returned where one does.
var ErrInUse = errors.New("another server answers in this folder")

// prefix begins the paths of calls.
const prefix = "/v1/"

// refusal is how an error is sent.
type refusal struct {
	Error string `json:"error"`
}
