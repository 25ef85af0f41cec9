// The colour as it was asked for: neither light nor film change it. Alpha is the luma that antialiasing reads.
flat in vec3 color;

layout(location = 0) out vec4 o_color;

void main() { o_color = vec4(color, dot(color, vec3(0.299, 0.587, 0.114))); }
