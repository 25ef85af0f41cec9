// Mean luminance of a cell of the picture, for the exposure.
uniform sampler2D radiance;

layout(location = 0) out float o_luminance;

const int CELL = 32;

void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * CELL, limit = textureSize(radiance, 0) - 1;
    float sum = 0.0;
    for (int y = 2; y < CELL; y += 4) for (int x = 2; x < CELL; x += 4) {
        vec3 c = texelFetch(radiance, min(corner + ivec2(x, y), limit), 0).rgb;
        sum += min(dot(c, vec3(0.2126, 0.7152, 0.0722)), 4.0);
    }
    o_luminance = sum / 64.0;
}
