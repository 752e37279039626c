package entangled

var onlooker = measure(&board{})
