// Package sender posts messages to receivers that somebody else runs: webhooks.
//
// It owns one request and its answer: which addresses may be reached, how long an
// answer may take and how much of it is read, and that no redirect is followed. It
// never repeats a request, and knows nothing of what is sent, or why.
//
// A receiver's URL may come from anybody. So unless the options say that it is the
// operators' own, a request goes by https alone, to public addresses alone, and not
// through a proxy. The address is looked at when the connection is made, after the
// name was resolved: a name that resolves to a public address when it is checked, and
// to a private one later, does not get through.
//
// Reading starts at [New].
package sender
