package main

import (
	"context"
	"flag"
	"net"
	"os"

	"github.com/gofiber/fiber/v2"

	pbhttp "github.com/paceboard/paceboard/http"
)

// frontend is the limit that everything is measured against: Fiber with the
// server's settings, on the server's kind of listener, answering every POST and
// every GET with a constant. It looks at nothing of the request.
func frontend(ctx context.Context, flags *flag.FlagSet, args []string) error {
	common := servingFlags(flags)
	postFile := flags.String("post", "", "`FILE` that answers every POST")
	getFile := flags.String("get", "", "`FILE` that answers every GET")
	if err := flags.Parse(args); err != nil {
		return err
	}
	post, err := os.ReadFile(*postFile)
	if err != nil {
		return err
	}
	get, err := os.ReadFile(*getFile)
	if err != nil {
		return err
	}
	app := pbhttp.NewApp(frontOptions(nil))
	app.Post("/api/v1/fitness/sync", constant(post))
	app.Get("/api/v1/leaderboard/:competition_id", constant(get))
	return common.until(ctx, func(l net.Listener) error { return app.Listener(pbhttp.Lazy(l)) }, app.ShutdownWithContext)
}

// plain is Fiber as it comes: default settings, an ordinary listener, and a
// constant that answers every GET. It is Fiber as most people know it; this
// server's settings are for many connections that are mostly silent.
func plain(ctx context.Context, flags *flag.FlagSet, args []string) error {
	common := servingFlags(flags)
	getFile := flags.String("get", "", "`FILE` that answers every GET")
	if err := flags.Parse(args); err != nil {
		return err
	}
	get, err := os.ReadFile(*getFile)
	if err != nil {
		return err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/api/v1/leaderboard/:competition_id", constant(get))
	return common.until(ctx, app.Listener, app.ShutdownWithContext)
}

// constant answers with bytes that are copied nowhere.
func constant(body []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Response().Header.SetContentType(fiber.MIMEApplicationJSON)
		c.Response().SetBodyRaw(body)
		return nil
	}
}
