// A line or a point as two triangles that face the camera, thick in metres or pixels.
in vec3 in_start;  // relative to the eye
in vec3 in_end;
in vec3 in_color;
in vec3 in_style;  // width, whether it is in pixels, whether it lies before everything

uniform mat4 camera_from_relative;
uniform vec4 projection;
uniform vec2 size;

flat out vec3 color;

const float NEAR = 0.1;
const float TOWARDS_US = 0.998;  // what is drawn on a surface must not flicker with it
const float THINNEST = 0.6;      // half a width [px]

vec2 pixel(vec3 place) { return projection.xy * place.xy / place.z + projection.zw; }

void main() {
    color = in_color;
    vec3 a = (camera_from_relative * vec4(in_start, 1.0)).xyz, b = (camera_from_relative * vec4(in_end, 1.0)).xyz;
    if (a.z < NEAR && b.z < NEAR) {
        gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
        return;
    }
    vec3 from = a, to = b;
    if (from.z < NEAR) from = mix(a, b, (NEAR - a.z) / (b.z - a.z));
    if (to.z < NEAR) to = mix(b, a, (NEAR - b.z) / (a.z - b.z));
    vec2 start = pixel(from), end = pixel(to), way = end - start;
    float length_ = length(way);
    vec2 along = length_ > 1e-3 ? way / length_ : vec2(1.0, 0.0);
    int corner = gl_VertexID % 6;
    bool at_end = corner == 1 || corner == 2 || corner == 4;
    bool left = corner == 2 || corner == 4 || corner == 5;
    vec3 place = at_end ? to : from;
    float half_ = max(0.5 * in_style.x * (in_style.y > 0.5 ? 1.0 : projection.x / place.z), THINNEST);
    vec2 at = (at_end ? end : start) + half_ * (left ? 1.0 : -1.0) * vec2(-along.y, along.x);
    // Lines keep their length; points are squares.
    if (length_ <= 1e-3) at += half_ * (at_end ? 1.0 : -1.0) * along;
    float depth = in_style.z > 0.5 ? 1.0 : min(NEAR / (place.z * TOWARDS_US), 1.0);
    float w = place.z;
    gl_Position = vec4((2.0 * at / size - 1.0) * w, depth * w, w);
}
