// Package web holds the live page, built and embedded.
//
// It owns the files under dist and nothing else: it serves nothing, sets no
// header and knows no route. The page is written in TypeScript under src and
// client and built with npm run build (see README.md); what is built is
// committed, so that the server builds without Node. Files is the way in.
//
// The page keeps to one origin and to the Content-Security-Policy
//
//	default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;
//	font-src 'self'; manifest-src 'self'; connect-src 'self'; base-uri 'none';
//	form-action 'none'; frame-ancestors 'none'
//
// which the tests of this package hold it to, and to which the server adds the Supabase
// project that signs people in, if there is one, as a connect-src. Its addresses within itself are
// relative, so it may be mounted under any path that ends in a slash; the API,
// the socket and /health it expects at the root of its origin. board.html, the page
// of board links, stands under /b/ and takes its files from the root; the server writes
// its title and which board it is of.
package web
