package http_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/paceboard/paceboard/competition"
	pbhttp "github.com/paceboard/paceboard/http"
)

// engine stands in for the actors; the example needs no more of them.
type engine struct{ pbhttp.Engine }

func (engine) Health() competition.Health { return competition.Health{Ready: true} }

func ExampleNew() {
	server := pbhttp.New(pbhttp.Options{
		Engine:  engine{},
		Secrets: [][]byte{[]byte("the SUPABASE_JWT_SECRET of the project")},
		Build:   pbhttp.Build{Version: "1.0.0"},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	response, err := http.Get("http://" + listener.Addr().String() + "/health")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	fmt.Println(response.StatusCode, string(body))

	fmt.Println(server.Shutdown(context.Background()), <-served)
	// Output:
	// 200 {"status":"healthy","service":"paceboard","version":"1.0.0"}
	// <nil> <nil>
}
