// Depth only; holes stay open.
in vec2 uv;
flat in vec2 texel;
uniform sampler2DArray textures;

void main() {
#ifdef HOLES
    if (texture(textures, vec3(uv, texel.x)).a < texel.y) discard;
#endif
}
